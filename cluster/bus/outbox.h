#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cluster/bus/task_table.h"

namespace temper {

// What a worker owes the orchestrator: the tasks that reached it, and their results until they are acknowledged.
class Outbox {
 public:
  void OnTask(TaskId task) { tasks_.insert(task); }
  // `body` is sent with the next Due, and again `again_after` after that until it is acknowledged.
  void Put(TaskId task, std::string body) { results_[task] = {std::move(body), kNever}; }
  void OnAck(TaskId task) {
    tasks_.erase(task);
    results_.erase(task);
  }
  // The orchestrator gives the tasks out again; results stay.
  void ForgetTasks() { tasks_.clear(); }
  void ForgetAll() {
    tasks_.clear();
    results_.clear();
  }
  // All results are due once more.
  void SendAllAgain() {
    for (auto& [task, result] : results_) result.sent = kNever;
  }

  // Bodies to be sent now.
  std::vector<const std::string*> Due(Millis now, Millis again_after) {
    std::vector<const std::string*> due;
    for (auto& [task, result] : results_) {
      if (result.sent != kNever && now - result.sent < again_after) continue;
      result.sent = now;
      due.push_back(&result.body);
    }
    return due;
  }
  std::vector<TaskId> Held() const {
    std::set<TaskId> held = tasks_;
    for (const auto& [task, result] : results_) held.insert(task);
    return {held.begin(), held.end()};
  }
  bool delivered() const { return results_.empty(); }

 private:
  static constexpr Millis kNever = -1;
  struct Result {
    std::string body;
    Millis sent = kNever;
  };
  std::set<TaskId> tasks_;
  std::map<TaskId, Result> results_;
};

}  // namespace temper
