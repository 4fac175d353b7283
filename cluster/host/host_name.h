#pragma once

#include <string>

namespace temper {

std::string LocalHostName();
std::string HostDescription();  // "name, 2 cores, Linux 6.1"
int NumCores();                 // this process may run on

}  // namespace temper
