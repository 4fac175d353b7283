#include "orchestrator/config/role_layout.h"

#include <algorithm>

#include "cluster/base/error.h"

namespace temper {

namespace {

// "2 learners", or "at least 1 learner" where the config leaves the number open.
std::string CountOf(int64_t count, const char* role) {
  return Concat(count == 0 ? "at least 1" : Concat(count), " ", role, count > 1 ? "s" : "");
}

}  // namespace

int64_t WorkerCapacity(Role role, const RolloutConfig& rollout) {
  constexpr int64_t kGrading = 8;
  // Two groups more than the slots hold, so that a free slot never waits for the orchestrator.
  return role == Role::kRollout ? std::max<int64_t>(2, rollout.slots / rollout.group_size + 2) : kGrading;
}

RoleLayout::RoleLayout(const ClusterConfig& config, int num_ranks) {
  learners_ = static_cast<int>(config.learners);
  rollout_ = static_cast<int>(config.rollout_workers);
  reward_ = static_cast<int>(config.reward_workers);
  const int open = (learners_ == 0) + (rollout_ == 0) + (reward_ == 0);
  const int needed = 1 + learners_ + rollout_ + reward_ + open;
  if (num_ranks < needed || (open == 0 && num_ranks != needed)) {
    throw ConfigError(Concat("the job has ", num_ranks, num_ranks == 1 ? " rank" : " ranks", ", the config needs ",
                             open == 0 ? "exactly " : "at least ", needed, ": 1 orchestrator, ", CountOf(learners_, "learner"), ", ",
                             CountOf(rollout_, "rollout worker"), " and ", CountOf(reward_, "reward worker"), "; start it with -n ", needed,
                             ", or change cluster.learners, .rollout_workers, .reward_workers"));
  }
  int rest = num_ranks - 1 - learners_ - rollout_ - reward_;
  if (reward_ == 0) {
    reward_ = open == 1 ? rest : std::clamp((num_ranks - 1) / 6, 1, rest - (open - 1));
    rest -= reward_;
  }
  if (learners_ == 0) {
    learners_ = rollout_ == 0 ? rest / 2 : rest;
    rest -= learners_;
  }
  if (rollout_ == 0) rollout_ = rest;
  rest = num_ranks - 1 - learners_ - rollout_ - reward_;
  if (rest != 0) throw ConfigError(Concat("the job has ", num_ranks, " ranks, ", rest, " more than cluster.* has roles for"));
}

int RoleLayout::RanksFor(const ClusterConfig& config) {
  return static_cast<int>(1 + std::max<int64_t>(1, config.learners) + std::max<int64_t>(1, config.rollout_workers) +
                          std::max<int64_t>(1, config.reward_workers));
}

Role RoleLayout::RoleOf(int rank) const {
  if (rank == 0) return Role::kOrchestrator;
  if (rank <= learners_) return Role::kLearner;
  return rank <= learners_ + rollout_ ? Role::kRollout : Role::kReward;
}

int RoleLayout::IndexOf(int rank) const {
  switch (RoleOf(rank)) {
    case Role::kOrchestrator:
      return 0;
    case Role::kLearner:
      return rank - 1;
    case Role::kRollout:
      return rank - 1 - learners_;
    case Role::kReward:
      return rank - 1 - learners_ - rollout_;
  }
  return 0;
}

std::string RoleLayout::Table(const std::vector<std::string>& hosts) const {
  std::string table;
  for (int rank = 0; rank < num_ranks(); ++rank) {
    table += Concat("  rank ", rank, "  ", ToString(RoleOf(rank)), rank == 0 ? "" : Concat(" ", IndexOf(rank)),
                    rank < static_cast<int>(hosts.size()) ? Concat("  on ", hosts[rank]) : "", "\n");
  }
  return table;
}

}  // namespace temper
