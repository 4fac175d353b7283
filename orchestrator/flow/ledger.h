#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "orchestrator/config/group_id.h"

namespace temper {

struct LedgerOptions {
  int64_t prompts_per_step = 24;
  int64_t max_staleness = 0;
  int64_t total_steps = 80;
  bool resample_dead_groups = true;
  int64_t max_resampled_per_step = 24;
  int64_t first_step = 0;  // a resumed run begins here, with this many updates done
};

// Which prompt groups exist, for which step, and how far each has come. A pure state machine (no sockets, no clock, no randomness), so
// that the simulator test can drive it through any order of events.
//
// A group belongs to one step and has a place in it: id = step * 2^20 + index. Index below prompts_per_step: the step's own prompts;
// above: replacements of dead or dropped groups, at most max_resampled_per_step of them, admitted when every group of the step so far is
// settled. Ids, and with them prompts and random numbers, therefore do not depend on the order in which results arrive.
//
// Staleness: a step's groups are admitted once step - max_staleness updates are done. So no token
// can be older than max_staleness when it is trained on. OnGraded checks it all the same and drops
// what is older.
class Ledger {
 public:
  explicit Ledger(const LedgerOptions& options);

  // As orchestrator/config/group_id.h has them.
  static uint64_t GroupId(int64_t step, int64_t index) { return GroupIdOf(step, index); }
  static int64_t StepOf(uint64_t id) { return StepOfGroup(id); }
  static int64_t IndexOf(uint64_t id) { return IndexOfGroup(id); }

  // Ids to issue now, in order.
  std::vector<uint64_t> Admit();

  void OnGenerated(uint64_t id);
  enum class Verdict { kLive, kDead, kStale, kFailed };
  // `oldest_version` over the group's tokens; `usable` = enough of its grades succeeded; `dead` = no reward variance.
  Verdict OnGraded(uint64_t id, int64_t oldest_version, bool usable, bool dead);

  // The next step to train on.
  int64_t next_step() const { return next_step_; }
  // Whether it can be: every group of it is settled and no replacement is due.
  bool StepReady() const;
  struct StepGroups {
    int64_t step = 0;
    std::vector<uint64_t> live;  // to train on, by id
    std::vector<uint64_t> dead;
    int64_t stale = 0;
    int64_t failed = 0;
  };
  // Marks the groups consumed and moves on; throws Error unless StepReady.
  StepGroups TakeStep();
  // The learner finished this many updates.
  void OnUpdates(int64_t updates);

  bool finished() const { return next_step_ >= options_.total_steps; }
  int64_t num_in_flight() const;  // issued or generated, not settled
  void CheckInvariants() const;   // throws Error

 private:
  enum class State { kIssued, kGenerated, kLive, kDead, kStale, kFailed };
  struct Window {
    std::vector<State> groups;  // by index
    int64_t wanted = 0;         // groups to admit, replacements included
  };
  State& At(uint64_t id);
  void Settle(int64_t step);

  LedgerOptions options_;
  int64_t next_step_;    // to be trained on
  int64_t next_window_;  // to be admitted
  int64_t updates_;
  std::map<int64_t, Window> windows_;
};

}  // namespace temper
