#include "cluster/base/role.h"

#include <charconv>

namespace temper {

std::string ToString(const PeerRole& role) {
  return role.role == Role::kLearner ? Concat(NameOf(role.role), "/", role.index) : ToString(role.role);
}

std::optional<PeerRole> ParsePeerRole(std::string_view text) {
  const size_t slash = text.find('/');
  const auto role = ValueOf<Role>(text.substr(0, slash));
  if (!role || *role == Role::kOrchestrator || (*role == Role::kLearner) == (slash == text.npos)) return std::nullopt;
  if (*role != Role::kLearner) return PeerRole(*role);
  const std::string_view number = text.substr(slash + 1);
  int index = 0;
  const auto [end, failed] = std::from_chars(number.data(), number.data() + number.size(), index);
  if (failed != std::errc() || end != number.data() + number.size() || index < 0) return std::nullopt;
  return PeerRole(*role, index);
}

}  // namespace temper
