#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster/config/resolved.h"
#include "cluster/config/rules.h"

namespace temper {

// "quickstart.yaml:12" where the key was set, else "default".
std::string SourceOf(const ConfigMarks& marks, const std::string& path);

// Writes down what a configuration becomes while it is read: the values, and the YAML that reads back to them. `level`: of indentation.
class ConfigRecord {
 public:
  // One line "head: value", of the dotted key `path`.
  void AddValue(size_t level, const std::string& head, const std::string& path, const std::string& value, const std::string& source);

  // The line above a nested block; CloseBlock, given what OpenBlock returned, completes it with `nothing` where the block stayed empty.
  size_t OpenBlock(size_t level, const std::string& line);
  void CloseBlock(size_t start, const char* nothing);

  // The whole of a field of overrides (ConfigFields::OverrideMaps) that stands at `path`.
  void AddOverrideMaps(size_t level, const std::string& name, const std::string& path,
                       const std::vector<std::pair<std::string, std::map<std::string, std::string>>>& maps, const ConfigMarks& marks);

  // Takes back all that was written down since `since`, and leaves a comment in its place.
  struct Mark {
    size_t values, text;
  };
  Mark Here() const { return {resolved.values.size(), resolved.yaml.size()}; }
  void Replace(const Mark& since, size_t level, std::string_view comment);

  ResolvedConfig resolved;
};

}  // namespace temper
