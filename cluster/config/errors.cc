#include "cluster/config/errors.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "cluster/base/error.h"

namespace temper {
namespace {

constexpr size_t kMaxShownBytes = 60;

}  // namespace

std::string ConfigMark::ToString() const { return line == 0 ? file : Concat(file, ":", line, ":", column); }

std::string ConfigMark::Source() const { return line == 0 ? file : Concat(file, ":", line); }

void ConfigErrors::Add(const ConfigMark& mark, const std::string& path, const std::string& message) {
  entries_.push_back({mark, path, message});
}

std::vector<std::string> ConfigErrors::Paths() const {
  std::vector<std::string> paths;
  for (const Entry& entry : entries_) {
    if (!entry.path.empty()) paths.push_back(entry.path);
  }
  return paths;
}

void ConfigErrors::Throw(const std::vector<std::string>& files) {
  const auto rank = [&files](const Entry& entry) {
    return std::make_pair(std::find(files.begin(), files.end(), entry.mark.file) - files.begin(),
                          std::make_pair(entry.mark.line, entry.mark.column));
  };
  std::stable_sort(entries_.begin(), entries_.end(), [&rank](const Entry& a, const Entry& b) { return rank(a) < rank(b); });
  std::string text;
  for (size_t i = 0; i < std::min(entries_.size(), kMaxShown); ++i) {
    const Entry& entry = entries_[i];
    text += (text.empty() ? "" : "\n") + entry.mark.ToString() + ": " + (entry.path.empty() ? "" : entry.path + ": ") + entry.message;
  }
  if (entries_.size() > kMaxShown) text += Concat("\nand ", entries_.size() - kMaxShown, " more");
  throw ConfigError(text);
}

std::string ShownText(const std::string& text) {
  std::string shown = "\"";
  for (size_t i = 0; i < text.size(); ++i) {
    if (i >= kMaxShownBytes && (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return shown + "...\"";
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != 0x7F) {
      shown += text[i];
    } else {
      char escaped[8];
      std::snprintf(escaped, sizeof(escaped), "\\x%02x", static_cast<unsigned>(c));
      shown += c == '\n' ? "\\n" : c == '\t' ? "\\t" : escaped;
    }
  }
  return shown + "\"";
}

std::string JoinPath(const std::string& section, const std::string& name) { return section.empty() ? name : section + "." + name; }

}  // namespace temper
