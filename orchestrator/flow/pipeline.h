#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/bus/bus.h"
#include "orchestrator/flow/group.h"
#include "record/journal.h"

namespace temper {

// A group on its way through the pipeline.
struct GroupInWork {
  GroupSpec spec;
  GradedGroup group;
  size_t step = 0;       // that it waits for
  bool recorded = true;  // in the journal
};

// Why a worker did not do a step.
struct StepRefusal {
  std::string why;
  bool user_error = false;  // the group itself is at fault: every worker would refuse it
};

// What happens to a group at one kind of worker.
struct PipelineStep {
  const char* name;                               // in messages: "sampling"
  Role role;                                      // of the workers that do it
  JournalRecord::Kind journal;                    // what the journal calls its result
  std::string (*task)(const GroupInWork& group);  // payload for a worker
  // Enters a worker's result into the group. Throws for one that does not decode or is of something else, and the group stays as it was.
  std::optional<StepRefusal> (*take)(const std::string& result, GroupInWork* group);
  // Whether a result of an attempt before is one that this attempt could have got.
  bool (*holds_still)(const std::string& result, const GroupSpec& spec);
};

// Takes prompt groups through the steps: one task at a time for each group, in the order of the steps. A group that a worker refuses leaves
// as it is, with failed grades. The id of a task is {phase: 12 bits, group id: 46 bits, step: 4 bits}.
class Pipeline {
 public:
  // bus: borrowed.
  Pipeline(std::vector<PipelineStep> steps, BusServer* bus);

  // Group ids are unique within a phase (an arm's RL, one evaluation). `journal`: where results are recorded, borrowed; null = nowhere. No
  // group may be in flight.
  void BeginPhase(Journal* journal);
  // What a previous attempt left of the group (same prompt) is taken over.
  void Issue(const GroupSpec& spec, const RecoveredGroup* recovered);
  // A group whose completion is given: it waits to be graded, and the journal does not hear of it.
  void IssueDrawn(const GroupSpec& spec, const std::string& response);
  // Of a task of its own. "" = taken; else what is wrong with it, and the group still waits for a result of the task, which is to be given
  // to another worker. Throws ConfigError when the group is refused through its own fault.
  [[nodiscard]] std::string OnResult(TaskId task, const std::string& result);
  // Of the task that its group waits for.
  std::string PayloadOf(TaskId task) const;

  std::vector<GradedGroup> TakeComplete();
  bool any_complete() const { return !complete_.empty(); }
  int64_t in_flight() const { return static_cast<int64_t>(groups_.size()); }
  int64_t recovered() const { return recovered_; }
  // Whether a group with an id in [first, last) has yet to be drawn.
  bool AnyUndrawn(uint64_t first, uint64_t last) const;
  // For messages: "group 5, sampling".
  std::string NameOf(TaskId task) const;
  // Refusals to be shown, each once: of many alike the first few.
  std::vector<std::string> TakeRefusals();

 private:
  using Groups = std::map<uint64_t, GroupInWork>;
  TaskId TaskIdOf(uint64_t group, size_t step) const;
  enum class Taken { kOn, kLeft, kBad };  // the group goes on to its next step, has left, or got no result
  // Enters the result of the step that the group waits for; `problem` says what is wrong with a bad one.
  Taken Take(Groups::iterator group, const std::string& result, std::string* problem);
  void Refuse(GroupInWork* group, const StepRefusal& refusal);
  void Complete(Groups::iterator group);
  void Submit(const GroupInWork& group);
  void Record(JournalRecord::Kind kind, const GroupInWork& group, const std::string& payload);

  std::vector<PipelineStep> steps_;
  BusServer* bus_;
  Groups groups_;
  std::vector<GradedGroup> complete_;
  std::vector<std::string> refusals_;
  int64_t refusals_told_ = 0;
  uint64_t phase_ = 0;
  Journal* journal_ = nullptr;
  int64_t recovered_ = 0;
};

}  // namespace temper
