#include "orchestrator/flow/ledger.h"

#include <algorithm>

#include "cluster/base/error.h"

namespace temper {

Ledger::Ledger(const LedgerOptions& options)
    : options_(options), next_step_(options.first_step), next_window_(options.first_step), updates_(options.first_step) {
  TEMPER_CHECK(FitStep(options.prompts_per_step, options.max_resampled_per_step), "ledger: ", options.prompts_per_step, " prompts and ",
               options.max_resampled_per_step, " replacements do not fit into a step");
}

std::vector<uint64_t> Ledger::Admit() {
  while (next_window_ < options_.total_steps && updates_ >= next_window_ - options_.max_staleness) {
    windows_[next_window_].wanted = options_.prompts_per_step;
    ++next_window_;
  }
  std::vector<uint64_t> ids;
  for (auto& [step, window] : windows_) {
    while (static_cast<int64_t>(window.groups.size()) < window.wanted) {
      ids.push_back(GroupIdOf(step, static_cast<int64_t>(window.groups.size())));
      window.groups.push_back(State::kIssued);
    }
  }
  return ids;
}

Ledger::State& Ledger::At(uint64_t id) {
  const auto window = windows_.find(StepOfGroup(id));
  TEMPER_CHECK(window != windows_.end() && IndexOfGroup(id) < static_cast<int64_t>(window->second.groups.size()), "ledger: group ", id,
               " was never issued or is consumed");
  return window->second.groups[static_cast<size_t>(IndexOfGroup(id))];
}

void Ledger::OnGenerated(uint64_t id) {
  State& state = At(id);
  TEMPER_CHECK(state == State::kIssued, "ledger: group ", id, " was generated twice");
  state = State::kGenerated;
}

Ledger::Verdict Ledger::OnGraded(uint64_t id, int64_t oldest_version, bool usable, bool dead) {
  State& state = At(id);
  TEMPER_CHECK(state == State::kGenerated, "ledger: group ", id, " was graded before it was generated, or twice");
  Verdict verdict = Verdict::kLive;
  if (!usable) {
    verdict = Verdict::kFailed;
    state = State::kFailed;
  } else if (StepOfGroup(id) - oldest_version > options_.max_staleness) {
    verdict = Verdict::kStale;
    state = State::kStale;
  } else if (dead) {
    verdict = Verdict::kDead;
    state = State::kDead;
  } else {
    state = State::kLive;
  }
  Settle(StepOfGroup(id));
  return verdict;
}

// When nothing of a step is in flight any more, what cannot be trained on is replaced one for one, as far as the limit goes.
void Ledger::Settle(int64_t step) {
  Window& window = windows_.at(step);
  int64_t live = 0;
  int64_t discarded_for_cause = 0;
  for (const State state : window.groups) {
    if (state == State::kIssued || state == State::kGenerated) return;
    live += state == State::kLive;
    discarded_for_cause += state == State::kStale || state == State::kFailed;
  }
  if (static_cast<int64_t>(window.groups.size()) < window.wanted) return;
  const int64_t missing = options_.prompts_per_step - live;
  // Stale and failed groups are always replaced (their slot was lost to the system, not to the policy), dead ones if configured.
  const int64_t replaced = window.wanted - options_.prompts_per_step;
  const int64_t due = options_.resample_dead_groups ? missing : std::min(missing, discarded_for_cause - replaced);
  window.wanted += std::clamp<int64_t>(due, 0, options_.max_resampled_per_step - replaced);
}

bool Ledger::StepReady() const {
  const auto window = windows_.find(next_step_);
  if (window == windows_.end() || static_cast<int64_t>(window->second.groups.size()) < window->second.wanted) return false;
  return std::none_of(window->second.groups.begin(), window->second.groups.end(),
                      [](State state) { return state == State::kIssued || state == State::kGenerated; });
}

Ledger::StepGroups Ledger::TakeStep() {
  TEMPER_CHECK(StepReady(), "ledger: step ", next_step_, " is not complete");
  StepGroups taken;
  taken.step = next_step_;
  const Window& window = windows_.at(next_step_);
  for (size_t i = 0; i < window.groups.size(); ++i) {
    const uint64_t id = GroupIdOf(next_step_, static_cast<int64_t>(i));
    switch (window.groups[i]) {
      case State::kLive:
        taken.live.push_back(id);
        break;
      case State::kDead:
        taken.dead.push_back(id);
        break;
      case State::kStale:
        ++taken.stale;
        break;
      default:
        ++taken.failed;
    }
  }
  windows_.erase(next_step_);
  ++next_step_;
  return taken;
}

void Ledger::OnUpdates(int64_t updates) {
  TEMPER_CHECK(updates >= updates_, "ledger: the number of updates went back from ", updates_, " to ", updates);
  updates_ = updates;
}

int64_t Ledger::num_in_flight() const {
  int64_t count = 0;
  for (const auto& [step, window] : windows_) {
    count += std::count_if(window.groups.begin(), window.groups.end(),
                           [](State state) { return state == State::kIssued || state == State::kGenerated; });
  }
  return count;
}

void Ledger::CheckInvariants() const {
  TEMPER_CHECK(updates_ <= next_step_, "ledger: more updates than steps taken");
  TEMPER_CHECK(static_cast<int64_t>(windows_.size()) == next_window_ - next_step_, "ledger: a window is missing");
  TEMPER_CHECK(next_window_ - updates_ <= options_.max_staleness + 1, "ledger: admitted further ahead than the staleness bound");
  for (const auto& [step, window] : windows_) {
    TEMPER_CHECK(static_cast<int64_t>(window.groups.size()) <= window.wanted, "ledger: step ", step, " holds more groups than admitted");
    TEMPER_CHECK(window.wanted <= options_.prompts_per_step + options_.max_resampled_per_step, "ledger: step ", step,
                 " replaced more groups than allowed");
    const auto live = std::count(window.groups.begin(), window.groups.end(), State::kLive);
    TEMPER_CHECK(live <= options_.prompts_per_step, "ledger: step ", step, " would train on more groups than configured");
  }
}

}  // namespace temper
