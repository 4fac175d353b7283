#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace temper {

// What users may call a run, an arm or an evaluation set. The name becomes that of a file or folder, so it must not lead out of the folder
// it lies in, nor take the name of what is there already.

inline constexpr size_t kMaxName = 64;
inline constexpr char kNameRule[] = "1 to 64 characters of [A-Za-z0-9._-] and not begin with a dot";

bool IsName(const std::string& name);

// The first of `names` that breaks the rule, as shown in a message; "" = none does.
std::string FirstNoName(const std::vector<std::string>& names);

// The first of `names` that is one of `taken`, as shown in a message; "" = none is.
std::string FirstTaken(const std::vector<std::string>& names, const std::vector<std::string>& taken);

}  // namespace temper
