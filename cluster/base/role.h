#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cluster/base/enum_names.h"

namespace temper {

// What a process of a job does. The names are those of the bus, the run folder and the command line.
enum class Role : uint8_t { kOrchestrator, kLearner, kRollout, kReward };
template <>
struct EnumNames<Role> {
  static constexpr std::string_view kWhat = "role";
  static constexpr EnumTable<Role, 4> kTable{
      {{Role::kOrchestrator, "orchestrator"}, {Role::kLearner, "learner"}, {Role::kRollout, "rollout"}, {Role::kReward, "reward"}}};
};

inline std::string ToString(Role role) { return std::string(NameOf(role)); }

// Where processes of a role stand in a list that people read: orchestrator, learners, rollout workers, reward workers, then unknown names.
inline int OrderOf(std::string_view role) { return static_cast<int>(ValueOf<Role>(role).value_or(Role{EnumNames<Role>::kTable.size()})); }

// The role of a peer of the bus. Rollout and reward workers are alike; each learner takes tasks of
// its own. Converts from Role on purpose.
struct PeerRole {
  Role role = Role::kRollout;
  int index = 0;  // of a learner; 0 for the others

  PeerRole() = default;
  PeerRole(Role which, int number = 0) : role(which), index(number) {}  // NOLINT(google-explicit-constructor)
  auto operator<=>(const PeerRole&) const = default;
};

// As on the wire and in logs: "rollout", "reward", "learner/0", "learner/1", ...
std::string ToString(const PeerRole& role);
// The other way; nothing for a text that names no peer ("orchestrator" is none).
std::optional<PeerRole> ParsePeerRole(std::string_view text);

}  // namespace temper
