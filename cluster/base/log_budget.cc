#include "cluster/base/log_budget.h"

namespace temper {

std::string MoreOfThese(int64_t count) {
  std::string digits = std::to_string(count);
  for (auto at = static_cast<int64_t>(digits.size()) - 3; at > 0; at -= 3) digits.insert(static_cast<size_t>(at), ",");
  return "... " + digits + " more of these";
}

}  // namespace temper
