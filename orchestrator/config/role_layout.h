#pragma once

#include <string>
#include <vector>

#include "cluster/base/role.h"
#include "orchestrator/config/cluster_options.h"
#include "rollout/engine/options.h"

namespace temper {

// Tasks a worker of the role (kRollout or kReward) holds at a time.
int64_t WorkerCapacity(Role role, const RolloutConfig& rollout);

// Which rank is what: 0 orchestrator, 1..L learners, then rollout worker ranks, then reward worker ranks.
class RoleLayout {
 public:
  // Counts of 0 in the config are filled from the number of ranks. A sixth of the workers, at least
  // one, grade. The rest is shared by learners and rollout workers, the odd one sampling. Throws
  // ConfigError when the ranks do not fit, saying which -np would.
  RoleLayout(const ClusterConfig& config, int num_ranks);

  // The number of ranks a config asks for by itself, 4 where it leaves everything open.
  static int RanksFor(const ClusterConfig& config);

  Role RoleOf(int rank) const;
  int IndexOf(int rank) const;  // within its role
  int num_learners() const { return learners_; }
  int num_rollout_workers() const { return rollout_; }
  int num_reward_workers() const { return reward_; }
  int num_ranks() const { return 1 + learners_ + rollout_ + reward_; }
  std::string Table(const std::vector<std::string>& hosts) const;  // one line a rank

 private:
  int learners_ = 0;
  int rollout_ = 0;
  int reward_ = 0;
};

}  // namespace temper
