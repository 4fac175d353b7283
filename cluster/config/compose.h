#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cluster/config/node.h"

namespace temper {

// A configuration before it is bound to structs: files merged, overrides applied.
struct ComposedConfig {
  ConfigNode root;                 // kMap, or kBroken where nothing could be read
  std::vector<std::string> files;  // read, outermost last, each once
  bool complete = true;            // false: some file or override could not be read, so what is missing may be in it
};

// Reads `path` and the files under its `defaults:` (and theirs), merges them and applies `overrides` ("a.b=v") in order.
ComposedConfig ComposeConfig(const std::string& path, const std::vector<std::string>& overrides, ConfigErrors* errors);

// The same for one text without defaults and overrides. Relative paths start in the folder of `name`.
ComposedConfig ComposeConfigText(const std::string& text, const std::string& name, ConfigErrors* errors);

// What a key that stands in no file is set to, if it is known.
using ConfigDefault = std::function<std::optional<ConfigNode>(const std::string& path)>;

// Replaces ${a.b} in every scalar below `root`, in place. A reference that is the whole value takes the other value as it is, list, map
// or number; within longer text it must be a single value. $${ stands for ${. Reports unknown keys, cycles and what grows too large,
// and leaves kBroken there.
void ReplaceReferences(const ConfigDefault& defaults, ConfigNode* root, ConfigErrors* errors);

}  // namespace temper
