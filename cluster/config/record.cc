#include "cluster/config/record.h"

#include "cluster/config/value.h"

namespace temper {
std::string SourceOf(const ConfigMarks& marks, const std::string& path) {
  const auto mark = marks.find(path);
  return mark == marks.end() ? "default" : mark->second.Source();
}

void ConfigRecord::AddValue(size_t level, const std::string& head, const std::string& path, const std::string& value,
                            const std::string& source) {
  resolved.values.push_back({path, value, source});
  resolved.yaml += std::string(2 * level, ' ') + head + ": " + value + "  # " + OnOneLine(source) + "\n";
}

size_t ConfigRecord::OpenBlock(size_t level, const std::string& line) {
  resolved.yaml += std::string(2 * level, ' ') + line + "\n";
  return resolved.yaml.size();
}

void ConfigRecord::CloseBlock(size_t start, const char* nothing) {
  if (resolved.yaml.size() == start) resolved.yaml.insert(start - 1, nothing);
}

void ConfigRecord::Replace(const Mark& since, size_t level, std::string_view comment) {
  resolved.values.erase(resolved.values.begin() + static_cast<ptrdiff_t>(since.values), resolved.values.end());
  resolved.yaml.erase(since.text);
  resolved.yaml += std::string(2 * level, ' ') + "# " + OnOneLine(std::string(comment)) + "\n";
}

void ConfigRecord::AddOverrideMaps(size_t level, const std::string& name, const std::string& path,
                                   const std::vector<std::pair<std::string, std::map<std::string, std::string>>>& maps,
                                   const ConfigMarks& marks) {
  const size_t start = OpenBlock(level, QuoteYaml(name) + ":");
  for (const auto& [entry, overrides] : maps) {
    const std::string entry_path = JoinPath(path, entry);
    const size_t entry_start = OpenBlock(level + 1, QuoteYaml(entry) + ":");
    for (const auto& [key, value] : overrides) {
      const std::string key_path = JoinPath(entry_path, key);
      AddValue(level + 2, QuoteYaml(key), key_path, value, SourceOf(marks, key_path));
    }
    if (overrides.empty()) resolved.values.push_back({entry_path, "{}", SourceOf(marks, entry_path)});
    CloseBlock(entry_start, " {}");
  }
  if (maps.empty()) resolved.values.push_back({path, "{}", SourceOf(marks, path)});
  CloseBlock(start, " {}");
}

}  // namespace temper
