#include "orchestrator/flow/learner_orders.h"

#include <algorithm>
#include <utility>

#include "cluster/base/error.h"

namespace temper {

int LearnerOrders::num_registered() const {
  int registered = 0;
  for (int i = 0; i < num_learners_; ++i) registered += bus_->table().NumPeers({Role::kLearner, i}) > 0;
  return registered;
}

void LearnerOrders::Give(const std::vector<LearnerTask>& tasks) {
  TEMPER_CHECK(static_cast<int>(tasks.size()) == num_learners_ && waiting_.empty(), "learners have not finished their last order");
  results_.assign(tasks.size(), {});
  for (size_t i = 0; i < tasks.size(); ++i) {
    waiting_[next_task_] = i;
    bus_->Submit({Role::kLearner, static_cast<int>(i)}, next_task_++, tasks[i].Encode());
  }
}

bool LearnerOrders::OnResult(TaskId task, const std::string& result) {
  const auto learner = waiting_.find(task);
  if (learner == waiting_.end()) return false;
  try {
    results_[learner->second] = LearnerResult::Decode(result);
  } catch (const Error& error) {
    TEMPER_FAIL("learner ", learner->second, " sent a result that cannot be read: ", error.what());
  }
  failed_ |= !results_[learner->second].error.empty();
  waiting_.erase(learner);
  return true;
}

std::vector<int> LearnerOrders::Awaited() const {
  std::vector<int> learners;
  for (const auto& [task, learner] : waiting_) learners.push_back(static_cast<int>(learner));
  return learners;
}

LearnerResult LearnerOrders::Take() {
  for (size_t i = 0; i < results_.size(); ++i) {
    if (results_[i].user_error) throw ConfigError(results_[i].error);
    TEMPER_CHECK(results_[i].error.empty(), "learner ", i, ": ", results_[i].error);
  }
  LearnerResult result = std::move(results_.at(0));
  // The figures of a batch are the same on every learner.
  for (size_t i = 1; i < results_.size(); ++i) {
    for (const auto& [name, value] : results_[i].report) {
      if (name.starts_with("sys/")) result.report[name] = std::max(result.report[name], value);
    }
  }
  return result;
}

}  // namespace temper
