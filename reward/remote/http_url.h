#pragma once

#include <string>

namespace temper {

// Why requests must not be posted to this address, with a key or without one; "" = they may. It must be http or https, hold no name and
// password, and with a key be https or of this host.
std::string UrlProblem(const std::string& url, bool has_key);

}  // namespace temper
