#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cluster/config/fields.h"
#include "cluster/config/node.h"

namespace temper {

// One entry of a map of overrides.
struct FlatOverride {
  std::string key;         // dotted
  const ConfigNode* node;  // its value, borrowed from the map
};

// Nested and dotted keys of a map to dotted ones, in file order. A key given in both ways is reported as a duplicate; `path` is the map's.
std::vector<FlatOverride> FlattenOverrides(const ConfigNode& map, const std::string& path, ConfigErrors* errors);

// What is wrong with an entry that has to be a map, or "".
std::string MapProblem(const ConfigNode& entry);

// Readers of ConfigFields::OverrideGrid and OverrideList; `path` is the field's. Mistakes are reported, what is right is returned.
std::vector<OverrideAxis> ReadOverrideGrid(const ConfigNode& map, const std::string& path, ConfigErrors* errors);
std::vector<OverrideSet> ReadOverrideList(const ConfigNode& list, const std::string& path, ConfigErrors* errors);

// The same as YAML on one line that reads back to the same.
std::string YamlOf(const std::vector<OverrideAxis>& grid);
std::string YamlOf(const std::vector<OverrideSet>& list);

}  // namespace temper
