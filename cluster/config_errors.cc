#include "cluster/config_errors.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <numeric>
#include <utility>

#include "cluster/config_reader.h"
#include "cluster/error.h"

namespace temper {
namespace {

constexpr size_t kMaxShownBytes = 60;

// Edits (insert, delete, replace, swap of neighbours) that turn a into b: the restricted Damerau-Levenshtein distance.
size_t EditDistance(const std::string& a, const std::string& b) {
  std::vector<size_t> before_last(b.size() + 1), last(b.size() + 1), current(b.size() + 1);
  std::iota(last.begin(), last.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({replace, last[j] + 1, current[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) current[j] = std::min(current[j], before_last[j - 2] + 1);
    }
    before_last.swap(last);
    last.swap(current);
  }
  return last[b.size()];
}

}  // namespace

std::string NormalizedName(std::string name) {
  for (char& c : name) c = c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

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

std::vector<std::string> NearestNames(const std::string& name, const std::vector<std::string>& known) {
  const std::string wanted = NormalizedName(name);
  std::vector<std::string> nearest;
  size_t nearest_distance = std::max<size_t>(1, wanted.size() / 3);
  for (const std::string& candidate : known) {
    const std::string other = NormalizedName(candidate);
    const size_t longer = std::max(wanted.size(), other.size());
    if (longer - std::min(wanted.size(), other.size()) > nearest_distance) continue;
    const size_t distance = EditDistance(wanted, other);
    if (distance > nearest_distance || distance >= longer) continue;
    if (distance < nearest_distance) nearest.clear();
    nearest.push_back(candidate);
    nearest_distance = distance;
  }
  return nearest;
}

std::string NearestName(const std::string& name, const std::vector<std::string>& known) {
  const std::vector<std::string> nearest = NearestNames(name, known);
  return nearest.empty() ? "" : nearest.front();
}

std::string JoinPath(const std::string& section, const std::string& name) { return section.empty() ? name : section + "." + name; }

}  // namespace temper
