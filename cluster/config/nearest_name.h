#pragma once

#include <string>
#include <vector>

namespace temper {

// In lower case, with '_' for '-': what names are compared by.
std::string NormalizedName(std::string name);

// The names in `known` nearest to `name` by edit distance, all that are equally near; none where none is near.
std::vector<std::string> NearestNames(const std::string& name, const std::vector<std::string>& known);

// The name in `known` nearest to `name` by edit distance, or "" when none is near.
std::string NearestName(const std::string& name, const std::vector<std::string>& known);

}  // namespace temper
