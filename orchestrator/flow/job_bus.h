#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cluster/base/log_budget.h"
#include "cluster/bus/bus.h"
#include "cluster/bus/zmq_server.h"
#include "cluster/weights/announced_weights.h"
#include "orchestrator/config/experiment_config.h"
#include "orchestrator/flow/cluster_monitor.h"
#include "orchestrator/flow/learner_orders.h"
#include "orchestrator/flow/pipeline.h"

namespace temper {

// The orchestrator's view of the bus: learners that take orders in sequence, and workers that turn prompt groups into graded groups.
// Everything waits in Poll. Throws Error naming who was waited for when a deadline passes or a task failed for good, ConfigError when a
// worker refused a group through the group's own fault.
class JobBus {
 public:
  // server and monitor: borrowed. Answers on the server what workers ask for weights and observers for the status.
  JobBus(const ClusterConfig& config, BusServer* server, ClusterMonitor* monitor, int num_learners);

  // Waits until `rollout` and `reward` workers and all learners have registered.
  void AwaitWorkers(int rollout, int reward);

  // Gives every learner its order (LearnerOrders).
  void Order(const std::vector<LearnerTask>& tasks) { orders_.Give(tasks); }
  bool LearnersDone() const { return orders_.Done(); }
  // What it published may be asked for from now on.
  LearnerResult TakeLearnerResult();
  // Order, wait, result; `deadline_s` 0 = cluster.step_timeout_s.
  LearnerResult OrderAndWait(const std::vector<LearnerTask>& tasks, double deadline_s = 0);

  // Groups (Pipeline).
  void BeginPhase(Journal* journal) { pipeline_.BeginPhase(journal); }
  void Issue(const GroupSpec& spec, const RecoveredGroup* recovered) { pipeline_.Issue(spec, recovered); }
  void IssueDrawn(const GroupSpec& spec, const std::string& response) { pipeline_.IssueDrawn(spec, response); }
  bool AnyUndrawn(uint64_t first, uint64_t last) const { return pipeline_.AnyUndrawn(first, last); }
  int64_t groups_in_flight() const { return pipeline_.in_flight(); }
  // Tells rollout workers of newer weights.
  void AnnounceWeights(const WeightRef& weights);

  // Handles traffic for at most `timeout`; returns the groups that became complete.
  std::vector<GradedGroup> Poll(std::chrono::milliseconds timeout);
  // Asks all peers to finish and leave, and waits for that until the deadline.
  void Drain(std::chrono::milliseconds deadline);

  // Where the work stands: queues, peers, and counts since the start.
  const TaskTable& table() const { return server_->table(); }
  int64_t frames_refused() const { return server_->frames_refused(); }
  int64_t results_refused() const { return results_refused_; }
  int64_t workers_lost() const { return workers_lost_; }
  int64_t groups_recovered() const { return pipeline_.recovered(); }  // taken over from the journal

 private:
  void OnEvent(const BusEvent& event);
  void OnPeerLost(const BusEvent& event);
  void OnResult(const BusEvent& event);
  void ShowRefusals();
  // Throws when groups wait for a role of which no worker has been registered for cluster.start_timeout_s.
  void CheckWorkersRemain();
  void CheckRemain(Role role, double* none_since) const;
  void OnSlotDown(const BusEvent& event);
  void MendWeights(const std::string& request);
  // Throws when fewer than cluster.min_workers of a role are left and the others will not come back.
  void CheckSlots() const;
  // Throws when a learner with an order has been out of reach for kLearnerPatience.
  void CheckLearnersThere() const;
  // The processes that are waited for and missing, in words; "" = none.
  std::string Missing() const;

  ClusterConfig config_;
  BusServer* server_;
  ClusterMonitor* monitor_;
  AnnouncedWeights weights_;
  LearnerOrders orders_;
  Pipeline pipeline_;
  std::vector<GradedGroup> complete_;  // while an order was waited for
  int64_t results_refused_ = 0;
  int64_t workers_lost_ = 0;
  int rollout_wanted_ = 0, reward_wanted_ = 0;           // at the start
  std::map<Role, std::vector<std::string>> slots_down_;  // which workers will not be started again, and why
  bool started_ = false;
  double mend_at_ = 0;            // not before this time, in seconds
  LogBudget churn_{200, 1};       // lines about who joined and who was lost
  double no_rollout_since_ = -1;  // -1 = there are some
  double no_reward_since_ = -1;
};

// What a job's bus between processes is set up with. `keys` may be empty where config.endpoint is on loopback.
BusOptions BusOptionsOf(const ClusterConfig& config, const BusKeys& keys, uint64_t run_id, uint64_t epoch);

}  // namespace temper
