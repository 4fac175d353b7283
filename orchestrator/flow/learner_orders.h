#pragma once

#include <map>
#include <string>
#include <vector>

#include "cluster/bus/bus.h"
#include "workers/learner_task.h"
#include "workers/wire.h"

namespace temper {

// The learners as the orchestrator sees them: they take orders in sequence, one at a time, each with its own share of the data. Task ids
// count up from 2^62, above those of groups.
class LearnerOrders {
 public:
  // bus: borrowed.
  LearnerOrders(BusServer* bus, int num_learners) : bus_(bus), num_learners_(num_learners) {}

  int num_learners() const { return num_learners_; }
  int num_registered() const;
  // One task for each learner, all of the same kind. Throws Error before the last order is Done().
  void Give(const std::vector<LearnerTask>& tasks);
  // All have finished their order, or one has failed: the others may wait for it in a collective until their deadline.
  bool Done() const { return waiting_.empty() || failed_; }
  std::vector<int> Awaited() const;  // learners that have yet to answer
  // Of the last order: learner 0's publication and the report, of memory and processors the largest. Throws a learner's error, as
  // ConfigError where it is the user's.
  LearnerResult Take();
  // False for a task that is no order. Throws Error, naming the learner, for a result that is none: nobody else can carry it out.
  bool OnResult(TaskId task, const std::string& result);

 private:
  BusServer* bus_;
  int num_learners_;
  TaskId next_task_ = TaskId{1} << 62;
  std::map<TaskId, size_t> waiting_;  // learner of each
  std::vector<LearnerResult> results_;
  bool failed_ = false;
};

}  // namespace temper
