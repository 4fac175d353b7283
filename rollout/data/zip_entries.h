#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace temper {

// The files of a ZIP archive, inflated: name -> content. Of an untrusted archive: at most `max_bytes` in all, whatever it says of their
// sizes. Only names that `wanted` accepts are read. Throws ConfigError with what is wrong: no archive, damaged, encrypted, packed in
// another way than stored or deflated, too large; the caller adds the path.
std::map<std::string, std::string> ReadZip(std::string_view archive, uint64_t max_bytes, bool (*wanted)(std::string_view name));

}  // namespace temper
