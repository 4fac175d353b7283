#include "orchestrator/flow/job_bus.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "cluster/base/clock.h"
#include "cluster/base/log.h"
#include "cluster/host/stop_signals.h"
#include "cluster/telemetry/telemetry_phases.h"
#include "orchestrator/flow/group_steps.h"

namespace temper {
namespace {

// A run that is started again may find its endpoint still taken by ranks of the last time, on their way out after their mpirun was killed.
constexpr auto kBindPatience = std::chrono::seconds(10);

// A learner computes for long without a word, and its death ends the job through MPI.
constexpr TaskRules kLearnerRules{.lease = 0, .peer_timeout = 0, .max_attempts = 1'000'000};

// A learner that lives has a new connection within seconds of losing one, however long it computes. One that has none for so long is
// frozen, or its network is gone: the job cannot go on, and a new start can.
constexpr Millis kLearnerPatience = 30'000;

constexpr double kMendEvery = 3;  // seconds; a worker waits longer

double SecondsSince(Millis since) { return static_cast<double>((NowMillis() - since) / 100) / 10; }

// What the orchestrator does while the learners carry out such an order.
const char* PhaseDuring(const LearnerTask& task) { return IsUpdate(task) ? phase::kWaitLearners : PhaseOf(task); }

}  // namespace

BusOptions BusOptionsOf(const ClusterConfig& config, const BusKeys& keys, uint64_t run_id, uint64_t epoch) {
  BusOptions options;
  options.run_id = run_id;
  options.epoch = epoch;
  options.keys = keys;
  if (epoch > 1) options.bind_patience = kBindPatience;
  options.heartbeat = std::chrono::milliseconds(static_cast<int64_t>(config.heartbeat_s * 1000));
  options.rules = {.lease = static_cast<Millis>(config.lease_s * 1000),
                   .peer_timeout = static_cast<Millis>(config.peer_timeout_s * 1000),
                   .max_attempts = config.max_attempts};
  return options;
}

JobBus::JobBus(const ClusterConfig& config, BusServer* server, ClusterMonitor* monitor, int num_learners)
    : config_(config),
      server_(server),
      monitor_(monitor),
      weights_(config.weight_folder),
      orders_(server, num_learners),
      pipeline_(SampleAndGrade(), server) {
  server_->SetRules(Role::kLearner, kLearnerRules);
  server_->SetWeightAnswer([this](const std::string& request) { return weights_.Chunk(request); });
  server_->SetWeightsMissing([this](const std::string& request) { MendWeights(request); });
  server_->SetStatusAnswer([monitor](const std::string&) { return monitor->Picture(); });
}

void JobBus::AwaitWorkers(int rollout, int reward) {
  monitor_->Enter(phase::kWaitWorkers);
  rollout_wanted_ = rollout;
  reward_wanted_ = reward;
  const double end = NowSeconds() + config_.start_timeout_s;
  const auto have = [&](Role role) { return table().NumPeers(role) + static_cast<int64_t>(slots_down_[role].size()); };
  while (orders_.num_registered() < orders_.num_learners() || have(Role::kRollout) < rollout || have(Role::kReward) < reward) {
    TEMPER_CHECK(NowSeconds() < end, "after ", config_.start_timeout_s, " s only ", orders_.num_registered(), " of ",
                 orders_.num_learners(), " learners, ", table().NumPeers(Role::kRollout), " of ", rollout, " rollout workers and ",
                 table().NumPeers(Role::kReward), " of ", reward,
                 " reward workers have registered; their logs are in logs/ of the run folder (cluster.start_timeout_s)");
    if (StopRequested()) throw ExitRequest(kExitPreempted, "preempted: stopped by a signal before the workers had registered");
    Poll(std::chrono::milliseconds(50));
  }
  started_ = true;
  monitor_->Enter(phase::kPrepare);
}

LearnerResult JobBus::OrderAndWait(const std::vector<LearnerTask>& tasks, double deadline_s) {
  monitor_->Enter(PhaseDuring(tasks.at(0)), StepOf(tasks[0]));
  Order(tasks);
  const double limit = deadline_s > 0 ? deadline_s : config_.step_timeout_s;
  const double end = NowSeconds() + limit;
  while (!LearnersDone()) {
    auto groups = Poll(std::chrono::milliseconds(100));
    complete_.insert(complete_.end(), std::make_move_iterator(groups.begin()), std::make_move_iterator(groups.end()));
    TEMPER_CHECK(NowSeconds() < end, "the learners did not finish their order within ", limit, " s (cluster.step_timeout_s)");
  }
  monitor_->Enter(phase::kPrepare);
  return TakeLearnerResult();
}

LearnerResult JobBus::TakeLearnerResult() {
  LearnerResult result = orders_.Take();
  if (result.published.bytes > 0) weights_.Add(result.published);
  return result;
}

void JobBus::AnnounceWeights(const WeightRef& weights) { server_->Announce(Role::kRollout, weights.Encode()); }

void JobBus::OnResult(const BusEvent& event) {
  if (orders_.OnResult(event.task, event.body)) return;
  const std::string problem = pipeline_.OnResult(event.task, event.body);
  if (problem.empty()) return;
  ++results_refused_;
  const std::string what =
      Concat("a result of a ", ToString(event.role), " worker is none (", pipeline_.NameOf(event.task), "): ", problem);
  TEMPER_LOG(Warn, what, "; the task goes to another");
  monitor_->Warn(what);
  server_->GiveAgain(event, pipeline_.PayloadOf(event.task));
}

void JobBus::OnPeerLost(const BusEvent& event) {
  monitor_->OnPeerLost(event.peer, event.role, event.body);
  if (event.role.role == Role::kLearner) {
    TEMPER_LOG(Warn, ToString(event.role), ": ", event.body, "; an order it has not answered is sent again");
    return;
  }
  ++workers_lost_;
  if (churn_.Take(NowSeconds())) TEMPER_LOG(Warn, "worker lost: ", ToString(event.role), " (", event.body, "); its tasks go to another");
}

void JobBus::OnEvent(const BusEvent& event) {
  using Kind = BusEvent::Kind;
  switch (event.kind) {
    case Kind::kResult:
      return OnResult(event);
    case Kind::kReport:
      return monitor_->OnReport(event.peer, event.role, event.body);
    case Kind::kPeerJoined:
      monitor_->OnPeerJoined(event.peer, event.role, event.body);
      if (churn_.Take(NowSeconds()))
        TEMPER_LOG(Info, "worker joined: ", ToString(event.role), " on ", event.body, started_ ? " (while running)" : "");
      return;
    case Kind::kPeerLost:
      return OnPeerLost(event);
    case Kind::kSlotDown:
      return OnSlotDown(event);
    case Kind::kTaskFailed:
      TEMPER_FAIL("task ", event.task, " (", pipeline_.NameOf(event.task), ") ", event.body,
                  " (cluster.max_attempts): see the workers' logs in logs/ of the run folder");
  }
}

void JobBus::ShowRefusals() {
  for (const std::string& refusal : pipeline_.TakeRefusals()) {
    TEMPER_LOG(Warn, refusal);
    monitor_->Warn(refusal);
  }
}

void JobBus::CheckRemain(Role role, double* none_since) const {
  if (table().NumPeers(role) > 0) {
    *none_since = -1;
    return;
  }
  if (*none_since < 0) *none_since = NowSeconds();
  TEMPER_CHECK(NowSeconds() - *none_since < config_.start_timeout_s, "no ", NameOf(role), " worker has been registered for ",
               config_.start_timeout_s, " s (cluster.start_timeout_s): why they died is in logs/latest/", NameOf(role),
               "/ of the run folder");
}

// Learner 0 published them, and has the numbers still, unless it went on meanwhile.
void JobBus::MendWeights(const std::string& request) {
  weights_.CheckKnown(request);
  const double now = NowSeconds();
  if (now < mend_at_) return;  // several workers miss them at a time, and say so again
  mend_at_ = now + kMendEvery;
  const std::string what =
      Concat("the published weights are gone or damaged in ", config_.weight_folder, "; the learner writes them again");
  TEMPER_LOG(Warn, what);
  monitor_->Warn(what);
  server_->Announce(Role::kLearner, request);
}

void JobBus::OnSlotDown(const BusEvent& event) {
  const std::string what = Concat("slot down: the ", ToString(event.role), " worker ", event.body);
  slots_down_[event.role.role].push_back(event.body);
  TEMPER_LOG(Warn, what);
  monitor_->Warn(what);
}

// Only who is not there can be missing: a word of a peer ends no job whose workers are well.
void JobBus::CheckSlots() const {
  for (const auto& [role, down] : slots_down_) {
    const int64_t slots = role == Role::kRollout ? rollout_wanted_ : reward_wanted_;
    const int64_t left = std::max(slots - static_cast<int64_t>(down.size()), table().NumPeers(role));
    TEMPER_CHECK(left >= std::min(config_.min_workers, slots), left, " of ", slots, " ", NameOf(role),
                 " workers are left, and the job needs ", config_.min_workers, " (cluster.min_workers): the worker ", down.back(),
                 "; see logs/latest/", NameOf(role), "/ of the run folder");
  }
}

void JobBus::CheckWorkersRemain() {
  if (!started_ || groups_in_flight() == 0) return;
  CheckRemain(Role::kRollout, &no_rollout_since_);
  CheckRemain(Role::kReward, &no_reward_since_);
}

void JobBus::CheckLearnersThere() const {
  for (const int learner : orders_.Awaited()) {
    for (const PeerId peer : table().Peers({Role::kLearner, learner})) {
      const Millis since = table().StateOf(peer).unreachable_since;
      TEMPER_CHECK(since < 0 || NowMillis() - since < kLearnerPatience, "learner ", learner, " (", monitor_->HostOf(peer), ") has had no ",
                   "connection for ", SecondsSince(since), " s and has an order to carry out: is its process stopped, or its host off the ",
                   "network?");
    }
  }
}

std::string JobBus::Missing() const {
  std::string missing;
  const auto add = [&](const std::string& who) { missing += (missing.empty() ? "" : ", ") + who; };
  for (const int learner : orders_.Awaited()) {
    const auto peers = table().Peers({Role::kLearner, learner});
    if (peers.empty()) add(Concat("learner ", learner, " (not registered)"));
    for (const PeerId peer : peers) {
      const Millis since = table().StateOf(peer).unreachable_since;
      if (since >= 0) add(Concat("learner ", learner, " on ", monitor_->HostOf(peer), " (no connection for ", SecondsSince(since), " s)"));
    }
  }
  if (!started_ && orders_.num_registered() < orders_.num_learners())
    add(Concat(orders_.num_learners() - orders_.num_registered(), " of ", orders_.num_learners(), " learners"));
  for (const auto& [role, wanted] : {std::pair(Role::kRollout, rollout_wanted_), std::pair(Role::kReward, reward_wanted_)}) {
    const int64_t there = table().NumPeers(role);
    if (!started_ && there < wanted) add(Concat(wanted - there, " of ", wanted, " ", NameOf(role), " workers"));
    if (started_ && there == 0 && groups_in_flight() > 0) add(Concat("a ", NameOf(role), " worker (none is registered)"));
  }
  return missing;
}

std::vector<GradedGroup> JobBus::Poll(std::chrono::milliseconds timeout) {
  const bool some = pipeline_.any_complete() || !complete_.empty();
  for (const BusEvent& event : server_->Poll(some ? std::chrono::milliseconds(0) : timeout)) OnEvent(event);
  ShowRefusals();
  if (const int64_t more = churn_.TakeCounted(NowSeconds()); more > 0) TEMPER_LOG(Warn, "worker joined or lost: ", MoreOfThese(more));
  CheckSlots();
  CheckWorkersRemain();
  CheckLearnersThere();
  monitor_->SetMissing(Missing());
  monitor_->Tick(table(), groups_in_flight());
  auto complete = std::exchange(complete_, {});
  auto more = pipeline_.TakeComplete();
  complete.insert(complete.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  return complete;
}

void JobBus::Drain(std::chrono::milliseconds deadline) {
  for (const BusEvent& event : server_->Drain(deadline)) {
    if (event.kind == BusEvent::Kind::kReport) monitor_->OnReport(event.peer, event.role, event.body);
  }
}

}  // namespace temper
