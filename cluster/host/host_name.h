#pragma once

#include <string>

namespace temper {

std::string LocalHostName();    // as gethostname says it, at most 255 bytes; "" when it fails
std::string HostDescription();  // "name, 2 cores, Linux 6.1"; names that the system does not tell are empty

}  // namespace temper
