#pragma once

#include <string>
#include <vector>

namespace temper {

// The composed tree after reading: what every key was set to and by whom.
struct ResolvedValue {
  std::string key;                      // dotted
  std::string value;                    // as YAML
  std::string source;                   // quickstart.yaml:12, override "a.b=1", or default
  std::vector<std::string> names = {};  // of a map in braces, its keys; filled by ReadResolved alone
};
struct ResolvedConfig {
  std::vector<ResolvedValue> values;  // in the order of the schema
  std::vector<std::string> files;     // every file read, outermost last
  std::string yaml;                   // the body of ToYaml
  std::string ToYaml() const;         // a YAML file that reads back to the same values, each line with its source as a comment
};

// Reads a file that ToYaml wrote, by this version or another, without knowing the keys. Maps in block form are sections; of maps in braces
// and of lists the whole is one value. Throws ConfigError when it cannot be read or is no YAML. Sources are those of the lines read.
ResolvedConfig ReadResolved(const std::string& path);

// The text with `?` for every control character: a comment must not end its line early.
std::string OnOneLine(std::string text);

}  // namespace temper
