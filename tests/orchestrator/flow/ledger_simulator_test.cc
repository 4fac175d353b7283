#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <vector>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "cluster/bus/task_table.h"
#include "orchestrator/flow/ledger.h"

namespace temper {
namespace {

constexpr TaskId kRewardBit = 1;
constexpr int64_t kSteps = 6;

// What a step was trained on: the sorted ids, live and dead, and how many had failed.
struct Trained {
  std::vector<uint64_t> live;
  std::vector<uint64_t> dead;
  int64_t failed = 0;
  bool operator==(const Trained&) const = default;
};

struct Scenario {
  LedgerOptions ledger;
  uint64_t outcomes = 0;  // decides what each group's grades say
  double dead_share = 0;
  double failed_share = 0;
  double chaos = 0;  // share of turns in which something goes wrong
};

// What the grades of a group say: a function of the group alone, as keyed sampling makes it in the real system.
double OutcomeOf(const Scenario& scenario, uint64_t group) { return UniformAt({scenario.outcomes, 0, group, 0}, 0); }

// A whole RL stage without processes: the real ledger and the real task table, and between them a network that delays, reorders,
// repeats and loses messages, workers that die, freeze and come back, and a learner that takes its time.
class Simulation {
 public:
  Simulation(const Scenario& scenario, uint64_t seed)
      : scenario_(scenario), random_(seed), ledger_(scenario.ledger), table_({.lease = 60, .peer_timeout = 25, .max_attempts = 1'000}) {
    for (const Role role : {Role::kRollout, Role::kRollout, Role::kReward}) Join(role);
  }

  std::vector<Trained> Run() {
    for (int64_t turn = 0; !ledger_.finished() || training_ >= 0; ++turn) {
      // Nothing may stand still for ever: with the chaos over after a while, the stage must come to its end.
      TEMPER_CHECK(turn < 20'000, "the stage did not end: ", updates_, " updates, ", ledger_.num_in_flight(), " groups in flight");
      ++now_;
      Orchestrate();
      if (turn < 3'000 && Chance(scenario_.chaos)) Misfortune();
      Deliver();
      Check();
    }
    return trained_;
  }
  int64_t events() const { return events_; }
  int64_t requeued() const { return table_.num_requeued(); }
  int64_t duplicates() const { return table_.num_duplicates(); }

 private:
  struct Worker {
    Role role = Role::kRollout;
    bool frozen = false;                            // shows no sign of life
    bool stuck = false;                             // lives, but makes no progress
    std::vector<std::pair<TaskId, int64_t>> tasks;  // with the version sampled at
    uint64_t progress = 0;
  };
  struct Message {
    PeerId from;
    TaskId task;
    int64_t version;
  };

  uint64_t Below(uint64_t n) { return std::uniform_int_distribution<uint64_t>(0, n - 1)(random_); }
  bool Chance(double p) { return std::uniform_real_distribution<double>(0, 1)(random_) < p; }

  void Join(Role role) {
    const PeerId id = next_peer_++;
    workers_[id].role = role;
    table_.AddPeer(id, role, 1 + static_cast<int64_t>(Below(4)), now_);
  }

  PeerId AnyWorker() { return std::next(workers_.begin(), static_cast<int64_t>(Below(workers_.size())))->first; }

  void Orchestrate() {
    for (const uint64_t group : ledger_.Admit()) {
      const int64_t step = StepOfGroup(group);
      TEMPER_CHECK(step < kSteps && step <= updates_ + scenario_.ledger.max_staleness, "group of step ", step, " admitted after ",
                   updates_);
      TEMPER_CHECK(issued_.insert(group).second, "group ", group, " issued twice");
      table_.Submit(group << 1, Role::kRollout, now_);
    }
    if (training_ < 0 && ledger_.StepReady()) Train();
    if (training_ >= 0 && Chance(0.2)) {
      updates_ = training_ + 1;
      ledger_.OnUpdates(updates_);
      training_ = -1;
    }
    for (const auto& [task, peer, attempt] : table_.Assign(now_)) {
      table_.OnSent(task, ++sent_);
      if (now_ < 3'000 && Chance(scenario_.chaos / 4)) continue;  // lost on the way
      // A task sent to a worker that died a moment ago is lost on the way.
      if (const auto worker = workers_.find(peer); worker != workers_.end()) worker->second.tasks.emplace_back(task, updates_);
    }
    const auto expired = table_.Tick(now_);
    TEMPER_CHECK(expired.exhausted.empty(), "a task was given up");
  }

  void Train() {
    Ledger::StepGroups groups = ledger_.TakeStep();
    TEMPER_CHECK(groups.step == static_cast<int64_t>(trained_.size()), "step ", groups.step, " trained out of order");
    TEMPER_CHECK(static_cast<int64_t>(groups.live.size()) <= scenario_.ledger.prompts_per_step, "too many groups in step ", groups.step);
    TEMPER_CHECK(groups.stale == 0, "a group was stale although admission bounds it");
    for (const uint64_t group : groups.live) {
      TEMPER_CHECK(consumed_.insert(group).second, "group ", group, " consumed twice");
      TEMPER_CHECK(groups.step - version_of_.at(group) <= scenario_.ledger.max_staleness, "group ", group, " is too old");
      TEMPER_CHECK(graded_.contains(group), "group ", group, " consumed without a grade");
    }
    const auto all = static_cast<int64_t>(groups.live.size() + groups.dead.size()) + groups.failed;
    TEMPER_CHECK(all <= scenario_.ledger.prompts_per_step + scenario_.ledger.max_resampled_per_step, "too many replacements");
    // Short of prompts_per_step only when the replacements are used up, or dead groups are not replaced.
    const int64_t missing = scenario_.ledger.prompts_per_step - static_cast<int64_t>(groups.live.size());
    const bool at_limit = all == scenario_.ledger.prompts_per_step + scenario_.ledger.max_resampled_per_step;
    TEMPER_CHECK(missing == 0 || at_limit || !scenario_.ledger.resample_dead_groups, "step ", groups.step, " is short of groups");
    training_ = groups.step;
    trained_.push_back({groups.live, groups.dead, groups.failed});
  }

  void Misfortune() {
    ++events_;
    switch (Below(9)) {
      case 0:  // killed: its connection breaks, the orchestrator notices at once
        if (workers_.size() > 1) {
          const PeerId id = AnyWorker();
          table_.RemovePeer(id);
          Respawn(id);
        }
        return;
      case 1:  // killed: nobody notices before the timeout
        if (workers_.size() > 1) Respawn(AnyWorker());
        return;
      case 2:
        workers_.at(AnyWorker()).frozen ^= true;
        return;
      case 3:
        workers_.at(AnyWorker()).stuck ^= true;
        return;
      case 4: {  // registers again under its old identity
        const PeerId id = AnyWorker();
        Worker& worker = workers_.at(id);
        worker.tasks.clear();
        table_.AddPeer(id, worker.role, 1 + static_cast<int64_t>(Below(4)), now_);
        return;
      }
      case 5:
        Join(Chance(0.5) ? Role::kRollout : Role::kReward);
        return;
      case 6:  // a message is repeated
        if (!network_.empty()) network_.push_back(network_[Below(network_.size())]);
        return;
      case 7:  // a result is lost with its worker's memory of it; the next heartbeat brings the task back
        if (!network_.empty()) network_.erase(network_.begin() + static_cast<int64_t>(Below(network_.size())));
        return;
      default:  // an old result is sent once more
        if (!history_.empty()) network_.push_back(history_[Below(history_.size())]);
    }
  }

  // Dead, and a new one in its place.
  void Respawn(PeerId id) {
    const Role role = workers_.at(id).role;
    workers_.erase(id);
    Join(role);
  }

  // A result is held until it is acknowledged, which here is when it arrives.
  std::vector<TaskId> HeldBy(PeerId id, const Worker& worker) const {
    std::vector<TaskId> held;
    for (const auto& [task, version] : worker.tasks) held.push_back(task);
    for (const Message& message : network_) {
      if (message.from == id) held.push_back(message.task);
    }
    return held;
  }

  void Deliver() {
    const bool calm = now_ > 3'000;
    for (auto& [id, worker] : workers_) {
      if (calm) worker.frozen = worker.stuck = false;
      if (worker.frozen) continue;
      if (!table_.HasPeer(id)) {  // taken for dead while it was frozen: registers again
        worker.tasks.clear();
        table_.AddPeer(id, worker.role, 2, now_);
      }
      if (!worker.stuck && !worker.tasks.empty() && Chance(0.5)) {
        const size_t pick = Below(worker.tasks.size());
        network_.push_back({id, worker.tasks[pick].first, worker.tasks[pick].second});
        worker.tasks.erase(worker.tasks.begin() + static_cast<int64_t>(pick));
        ++worker.progress;
      }
      if (Chance(0.3)) {
        table_.OnProgress(id, worker.progress, now_);
        table_.OnHeld(id, sent_, HeldBy(id, worker));
      }
    }
    const uint64_t messages = network_.empty() ? 0 : Below(network_.size() + 1);
    for (uint64_t i = 0; i < messages; ++i) {
      const size_t pick = Below(network_.size());
      const Message message = network_[pick];
      network_.erase(network_.begin() + static_cast<int64_t>(pick));
      Receive(message);
    }
  }

  void Receive(const Message& message) {
    ++events_;
    if (history_.size() < 50) history_.push_back(message);
    if (table_.OnResult(message.from, message.task, now_) == TaskTable::Verdict::kDuplicate) return;
    const uint64_t group = message.task >> 1;
    if ((message.task & kRewardBit) == 0) {
      ledger_.OnGenerated(group);
      version_of_[group] = message.version;
      table_.Submit(group << 1 | kRewardBit, Role::kReward, now_);
      return;
    }
    const double outcome = OutcomeOf(scenario_, group);
    const bool failed = outcome < scenario_.failed_share;
    const bool dead = !failed && outcome < scenario_.failed_share + scenario_.dead_share;
    ledger_.OnGraded(group, version_of_.at(group), !failed, dead);
    graded_.insert(group);
  }

  void Check() {
    table_.CheckInvariants();
    ledger_.CheckInvariants();
    // A group in flight is exactly one open task: nothing vanishes, nothing is done twice.
    TEMPER_CHECK(ledger_.num_in_flight() == table_.num_open(), ledger_.num_in_flight(), " groups in flight, ", table_.num_open(),
                 " tasks open");
  }

  Scenario scenario_;
  std::minstd_rand random_;
  Ledger ledger_;
  TaskTable table_;
  Millis now_ = 0;
  uint64_t sent_ = 0;  // tasks, by the orchestrator
  PeerId next_peer_ = 1;
  std::map<PeerId, Worker> workers_;
  std::vector<Message> network_;
  std::vector<Message> history_;
  std::map<uint64_t, int64_t> version_of_;
  std::set<uint64_t> issued_, graded_, consumed_;
  std::vector<Trained> trained_;
  int64_t updates_ = 0;
  int64_t training_ = -1;
  int64_t events_ = 0;
};

Scenario ScenarioOf(uint64_t number) {
  KeyedStream random(number, "scenario");
  Scenario scenario;
  constexpr int64_t kStaleness[] = {0, 1, 4};
  scenario.ledger.prompts_per_step = 1 + static_cast<int64_t>(random.Below(6));
  scenario.ledger.max_staleness = kStaleness[number % 3];
  scenario.ledger.total_steps = kSteps;
  scenario.ledger.resample_dead_groups = random.Below(4) != 0;
  scenario.ledger.max_resampled_per_step = static_cast<int64_t>(random.Below(6));
  scenario.outcomes = number;
  scenario.dead_share = random.Uniform() * 0.6;
  scenario.failed_share = random.Uniform() * 0.3;
  return scenario;
}

// 12,000 runs: 1,000 scenarios (staleness bound, group counts, outcomes), each in one orderly and eleven chaotic orders. Run
// throws at the first broken invariant; every order must train every step on the very same groups.
TEST(LedgerSimulator, TrainsEveryStepOnTheSameGroupsWhateverHappens) {
  int64_t events = 0;
  int64_t requeued = 0;
  int64_t duplicates = 0;
  for (uint64_t number = 0; number < 1'000; ++number) {
    Scenario scenario = ScenarioOf(number);
    std::vector<Trained> expected;
    for (uint64_t order = 0; order < 12; ++order) {
      scenario.chaos = order == 0 ? 0 : 0.1 * static_cast<double>(order % 6 + 1);
      Simulation simulation(scenario, number * 100 + order + 1);
      std::vector<Trained> trained;
      ASSERT_NO_THROW(trained = simulation.Run()) << "scenario " << number << ", order " << order;
      ASSERT_EQ(trained.size(), static_cast<size_t>(kSteps));
      if (order == 0) expected = trained;
      ASSERT_TRUE(trained == expected) << "scenario " << number << ", order " << order;
      events += simulation.events();
      requeued += simulation.requeued();
      duplicates += simulation.duplicates();
    }
  }
  // The chaos must have been real.
  EXPECT_GT(events, 12'000 * 100);
  EXPECT_GT(requeued, 12'000);
  EXPECT_GT(duplicates, 12'000);
  RecordProperty("events", std::to_string(events));
}

}  // namespace
}  // namespace temper
