#include "orchestrator/config/names.h"

#include <algorithm>
#include <functional>

#include "cluster/config/errors.h"

namespace temper {
namespace {

constexpr char kWhileWritten[] = ".tmp";  // cluster/base/file.h

std::string FirstOf(const std::vector<std::string>& names, const std::function<bool(const std::string&)>& wrong) {
  const auto found = std::find_if(names.begin(), names.end(), wrong);
  return found == names.end() ? "" : ShownText(*found);
}

}  // namespace

bool IsName(const std::string& name) {
  constexpr char kAllowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return !name.empty() && name.size() <= kMaxName && name[0] != '.' && name.find_first_not_of(kAllowed) == std::string::npos;
}

std::string FirstNoName(const std::vector<std::string>& names) {
  return FirstOf(names, [](const std::string& name) { return !IsName(name); });
}

std::string FirstTaken(const std::vector<std::string>& names, const std::vector<std::string>& taken) {
  return FirstOf(names, [&](const std::string& name) {
    return std::any_of(taken.begin(), taken.end(), [&](const std::string& word) { return name == word || name == word + kWhileWritten; });
  });
}

}  // namespace temper
