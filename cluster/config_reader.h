#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "cluster/config_fields.h"

namespace temper {

// Reads YAML into structs, strictly. Unknown, duplicate, missing, wrong-typed and out-of-range keys, anchors, aliases, tags, merge keys
// and broken rules are all collected in one pass and thrown as one ConfigError, a line each:
//   file:line:column: rl.learning_rat: unknown key; the nearest known one is rl.learning_rate
// Limits: 1 MiB a file, 64 levels, 8 files deep, 64 files, 100,000 values, finite numbers. Composition: `defaults: [file, ...]` (relative
// to the file; later wins, maps merge, lists replace; the file's own keys win over its defaults), `${a.b}` refers to another key of the
// composed tree, or to its default ($${ stands for ${), `overrides` are `a.b=value`, the value read as YAML, an entry of a list named by
// its index from 0. Null leaves a key at its default, and over an earlier value it takes an entry out of a map.
struct ConfigSource {
  std::string path;                    // the YAML file
  std::vector<std::string> overrides;  // "a.b=v", applied last, in order
};

using DescribeConfig = std::function<void(ConfigFields&)>;

// The composed tree after reading: what every key was set to and by whom.
struct ResolvedValue {
  std::string key;     // dotted
  std::string value;   // as YAML
  std::string source;  // quickstart.yaml:12, override "a.b=1", or default
};
struct ResolvedConfig {
  std::vector<ResolvedValue> values;  // in the order of the schema
  std::vector<std::string> files;     // every file read, outermost last
  std::string yaml;                   // the body of ToYaml
  std::string ToYaml() const;         // a YAML file that reads back to the same values, each line with its source as a comment
};

// Fills the structs that `describe` binds. Throws ConfigError.
ResolvedConfig ReadConfig(const ConfigSource& source, const DescribeConfig& describe);

// The same from text (a policy spec sent over the bus); `name` stands for the file in messages. No defaults:, no overrides.
ResolvedConfig ReadConfigText(const std::string& text, const std::string& name, const DescribeConfig& describe);

// A commented YAML file with every key, its default, range and meaning.
std::string ReferenceYaml(const DescribeConfig& describe);

// The name in `known` nearest to `name` by edit distance, or "" when none is near.
std::string NearestName(const std::string& name, const std::vector<std::string>& known);

}  // namespace temper
