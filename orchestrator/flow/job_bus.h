#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cluster/bus/bus.h"
#include "orchestrator/config/experiment_config.h"
#include "orchestrator/flow/cluster_monitor.h"
#include "policy/tokenizer/tokenizer.h"
#include "record/journal.h"
#include "rollout/data/prompt.h"
#include "workers/wire.h"

namespace temper {

// A prompt group to be sampled and graded.
struct GroupSpec {
  const Prompt* prompt = nullptr;  // borrowed until the group is complete
  RolloutTask task;
};

// A complete group: sampled and graded.
struct GradedGroup {
  const Prompt* prompt = nullptr;
  RolloutResult rollout;
  std::vector<std::string> responses;  // text of each completion
  std::vector<Grade> grades;
  double issued_at = 0;  // NowSeconds() of each stage
  double generated_at = 0;
  double graded_at = 0;
};

// The orchestrator's view of the bus: learners that take orders in sequence, and workers that turn prompt groups into graded groups.
// Everything waits in Poll. Throws Error naming who was waited for when a deadline passes or a task failed for good.
class JobBus {
 public:
  // `keys` may be empty where config.endpoint is on loopback.
  JobBus(const ClusterConfig& config, const BusKeys& keys, uint64_t run_id, uint64_t epoch, int num_learners);

  BusServer& server() { return server_; }
  ClusterMonitor& monitor() { return monitor_; }

  // Waits until `rollout` and `reward` workers and all learners have registered.
  void AwaitWorkers(int rollout, int reward);

  // Gives every learner its order (one task per learner, same kind). Done() turns true when all have answered.
  void Order(const std::vector<LearnerTask>& tasks);
  // All have finished their order, or one has failed: the others may wait for it in a collective until their deadline.
  bool LearnersDone() const { return learner_waiting_.empty() || learner_failed_; }
  LearnerResult TakeLearnerResult();  // of the last order: learner 0's publication, the report; throws Error with a learner's error
  // Order, wait, result; `deadline_s` 0 = cluster.step_timeout_s.
  LearnerResult OrderAndWait(const std::vector<LearnerTask>& tasks, double deadline_s = 0);

  // Begins a phase in which group ids are unique (an arm's RL, one evaluation); a late result of an earlier phase is then a stranger.
  // `journal`: where generated and graded groups are recorded, borrowed; null = nowhere. No group may be in flight.
  void BeginPhase(Journal* journal);
  void SetTokenizer(const Tokenizer* tokenizer) { tokenizer_ = tokenizer; }
  // Samples and grades the group; what a previous attempt left of it (same prompt) is taken over.
  void Issue(const GroupSpec& spec, const RecoveredGroup* recovered);
  // Whether a group with an id in [first, last) has yet to be drawn.
  bool AnyUndrawn(uint64_t first, uint64_t last) const;
  int64_t groups_in_flight() const { return static_cast<int64_t>(groups_.size()); }

  // Handles traffic for at most `timeout`; returns the groups that became complete.
  std::vector<GradedGroup> Poll(std::chrono::milliseconds timeout);
  // Asks all peers to finish and leave, and waits for that until the deadline. Observers are answered meanwhile.
  void Drain(std::chrono::milliseconds deadline);

  // Counted since the start: workers lost, groups taken over from the journal, groups generated.
  int64_t workers_lost() const { return workers_lost_; }
  int64_t groups_recovered() const { return groups_recovered_; }

 private:
  struct InFlight {
    GroupSpec spec;
    GradedGroup group;
  };
  TaskId TaskIdOf(uint64_t group_id, bool reward) const;
  void OnEvent(const BusEvent& event);
  // Throws when groups wait for a role of which no worker has been registered for cluster.start_timeout_s.
  void CheckWorkersRemain();
  void OnGenerated(uint64_t group_id, const std::string& payload, bool needs_grading);
  void OnGraded(uint64_t group_id, const std::string& payload);
  void Record(JournalRecord::Kind kind, uint64_t group_id, const std::string& prompt_id, const std::string& payload);

  ClusterConfig config_;
  BusServer server_;
  ClusterMonitor monitor_;
  int num_learners_;
  TaskId next_learner_task_;
  std::map<TaskId, int> learner_waiting_;
  std::vector<LearnerResult> learner_results_;
  bool learner_failed_ = false;
  std::map<uint64_t, InFlight> groups_;
  std::vector<GradedGroup> complete_;
  uint64_t phase_ = 0;
  Journal* journal_ = nullptr;
  const Tokenizer* tokenizer_ = nullptr;
  int64_t workers_lost_ = 0;
  int64_t groups_recovered_ = 0;
  bool started_ = false;
  double no_rollout_since_ = -1;  // -1 = there are some
  double no_reward_since_ = -1;
};

}  // namespace temper
