#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cluster/config/fields.h"
#include "cluster/config/resolved.h"

namespace temper {

// Reads YAML into structs, strictly. Unknown, duplicate, missing, wrong-typed and out-of-range keys, anchors, aliases, tags, merge keys
// and broken rules are all collected in one pass and thrown as one ConfigError, a line each:
//   file:line:column: rl.learning_rat: unknown key; the nearest known one is rl.learning_rate
// Limits: 1 MiB a file, 64 levels, 8 files deep, 64 files, 100,000 values, finite numbers.
// Composition: `defaults: [file, ...]` is relative to the file. Later files win, maps merge, lists
// replace, and the file's own keys win over its defaults. `${a.b}` refers to another key of the
// composed tree, or to its default ($${ stands for ${). `overrides` are `a.b=value`, the value read
// as YAML, an entry of a list named by its index from 0. Null leaves a key at its default, and over
// an earlier value it takes an entry out of a map.
struct ConfigSource {
  std::string path;                    // the YAML file
  std::vector<std::string> overrides;  // "a.b=v", applied last, in order
};

using DescribeConfig = std::function<void(ConfigFields&)>;

// Fills the structs that `describe` binds. Throws ConfigError.
ResolvedConfig ReadConfig(const ConfigSource& source, const DescribeConfig& describe);

// The same from text (a policy spec sent over the bus); `name` stands for the file in messages. No defaults:, no overrides.
ResolvedConfig ReadConfigText(const std::string& text, const std::string& name, const DescribeConfig& describe);

// A commented YAML file with every key, its default, range and meaning.
std::string ReferenceYaml(const DescribeConfig& describe);

}  // namespace temper
