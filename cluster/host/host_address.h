#pragma once

#include <string>
#include <vector>

namespace temper {

// The IPv4 address under which this host speaks to the hosts named: the one its routes choose for where their names lead. Throws
// ConfigError that says how to name an address by hand (`advice`) when a name leads nowhere or to this host itself, or when two of them are
// spoken to from different addresses.
std::string AddressTowards(const std::vector<std::string>& hosts, const std::string& advice);

}  // namespace temper
