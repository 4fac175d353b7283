#pragma once

#include <string>
#include <vector>

namespace temper {

// The IPv4 address under which this host speaks to the hosts named: the one its routes choose for
// where their names lead. Throws ConfigError when a name leads nowhere or to this host itself, or
// when this host speaks to two of them from different addresses. It says how to name an address by
// hand (`advice`).
std::string AddressTowards(const std::vector<std::string>& hosts, const std::string& advice);

}  // namespace temper
