#pragma once

#include <string>

namespace temper {

// Makes the folder of -o. Throws ConfigError where nothing can be written there.
void MakeOutputFolder(const std::string& folder);

}  // namespace temper
