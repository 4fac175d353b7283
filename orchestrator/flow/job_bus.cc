#include "orchestrator/flow/job_bus.h"

#include <algorithm>

#include "cluster/base/clock.h"
#include "cluster/base/log.h"
#include "cluster/host/stop_signals.h"
#include "cluster/telemetry/telemetry_phases.h"
#include "rollout/engine/stop_strings.h"
#include "workers/learner_worker.h"

namespace temper {
namespace {

// A task id is {phase: 12 bits, group id: 48 bits, 0 = sampling | 1 = grading}; learner orders count up from 2^62.
constexpr TaskId kRewardBit = 1;
constexpr int kGroupBits = 48;
constexpr uint64_t kPhases = 1 << 12;
constexpr TaskId kLearnerBase = TaskId{1} << 62;
uint64_t GroupOf(TaskId task) { return task >> 1 & ((uint64_t{1} << kGroupBits) - 1); }

// A run that is started again may find its endpoint still taken by ranks of the last time, on their way out after their mpirun was killed.
constexpr auto kBindPatience = std::chrono::seconds(10);

// While the peers leave, an observer is answered after at most so long.
constexpr std::chrono::milliseconds kDrainSlice(100);

BusOptions OptionsFrom(const ClusterConfig& config, const BusKeys& keys, uint64_t run_id, uint64_t epoch) {
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

// What the orchestrator does while the learners carry out such an order.
const char* PhaseDuring(LearnerTask::Kind kind) {
  const bool updates = kind == LearnerTask::Kind::kSft || kind == LearnerTask::Kind::kRl;
  return updates ? phase::kWaitLearners : PhaseOf(kind);
}

}  // namespace

JobBus::JobBus(const ClusterConfig& config, const BusKeys& keys, uint64_t run_id, uint64_t epoch, int num_learners)
    : config_(config),
      server_(config.endpoint, OptionsFrom(config, keys, run_id, epoch)),
      num_learners_(num_learners),
      next_learner_task_(kLearnerBase) {
  // A learner computes for long without a word, and its death ends the job through MPI.
  for (int i = 0; i < num_learners; ++i)
    server_.SetRules(Concat("learner/", i), {.lease = 0, .peer_timeout = 0, .max_attempts = 1'000'000});
}

TaskId JobBus::TaskIdOf(uint64_t group_id, bool reward) const {
  return phase_ % kPhases << (kGroupBits + 1) | group_id << 1 | (reward ? kRewardBit : 0);
}

void JobBus::BeginPhase(Journal* journal) {
  TEMPER_CHECK(groups_.empty(), groups_.size(), " groups are still in flight at the begin of a phase");
  ++phase_;
  journal_ = journal;
}

void JobBus::AwaitWorkers(int rollout, int reward) {
  monitor_.telemetry().Enter(phase::kWaitWorkers);
  const double end = NowSeconds() + config_.start_timeout_s;
  const TaskTable& table = server_.table();
  const auto learners = [&] {
    int n = 0;
    for (int i = 0; i < num_learners_; ++i) n += table.NumPeers(Concat("learner/", i)) > 0;
    return n;
  };
  while (learners() < num_learners_ || table.NumPeers("rollout") < rollout || table.NumPeers("reward") < reward) {
    TEMPER_CHECK(NowSeconds() < end, "after ", config_.start_timeout_s, " s only ", learners(), " of ", num_learners_, " learners, ",
                 table.NumPeers("rollout"), " of ", rollout, " rollout workers and ", table.NumPeers("reward"), " of ", reward,
                 " reward workers have registered; their logs are in logs/ of the run folder (cluster.start_timeout_s)");
    if (StopRequested()) throw ExitRequest(kExitPreempted, "preempted: stopped by a signal before the workers had registered");
    Poll(std::chrono::milliseconds(50));
  }
  started_ = true;
  monitor_.telemetry().Enter(phase::kPrepare);
}

void JobBus::Order(const std::vector<LearnerTask>& tasks) {
  TEMPER_CHECK(static_cast<int>(tasks.size()) == num_learners_ && learner_waiting_.empty(), "learners have not finished their last order");
  learner_results_.assign(tasks.size(), {});
  for (int i = 0; i < num_learners_; ++i) {
    const TaskId id = next_learner_task_++;
    learner_waiting_[id] = i;
    server_.Submit(Concat("learner/", i), id, tasks[static_cast<size_t>(i)].Encode());
  }
}

LearnerResult JobBus::TakeLearnerResult() {
  for (size_t i = 0; i < learner_results_.size(); ++i) {
    const LearnerResult& each = learner_results_[i];
    if (each.user_error) throw ConfigError(each.error);
    TEMPER_CHECK(each.error.empty(), "learner ", i, ": ", each.error);
  }
  LearnerResult result = std::move(learner_results_.at(0));
  // The figures of a batch are the same on every learner; of memory and processors the largest counts.
  for (size_t i = 1; i < learner_results_.size(); ++i) {
    for (const auto& [name, value] : learner_results_[i].report) {
      if (name.starts_with("sys/")) result.report[name] = std::max(result.report[name], value);
    }
  }
  return result;
}

LearnerResult JobBus::OrderAndWait(const std::vector<LearnerTask>& tasks, double deadline_s) {
  monitor_.telemetry().Enter(PhaseDuring(tasks.at(0).kind), tasks[0].step);
  Order(tasks);
  const double limit = deadline_s > 0 ? deadline_s : config_.step_timeout_s;
  const double end = NowSeconds() + limit;
  while (!LearnersDone()) {
    const auto groups = Poll(std::chrono::milliseconds(100));
    complete_.insert(complete_.end(), groups.begin(), groups.end());
    TEMPER_CHECK(NowSeconds() < end, "the learners did not finish their order within ", limit, " s (cluster.step_timeout_s)");
  }
  monitor_.telemetry().Enter(phase::kPrepare);
  return TakeLearnerResult();
}

void JobBus::Record(JournalRecord::Kind kind, uint64_t group_id, const std::string& prompt_id, const std::string& payload) {
  if (journal_ == nullptr) return;
  JournalRecord record;
  record.kind = kind;
  record.group_id = group_id;
  record.prompt_id = prompt_id;
  record.payload = payload;
  journal_->Append(record);
}

void JobBus::Issue(const GroupSpec& spec, const RecoveredGroup* recovered) {
  const uint64_t id = spec.task.request.group_id;
  InFlight& group = groups_[id];
  group.spec = spec;
  group.group.prompt = spec.prompt;
  group.group.issued_at = NowSeconds();
  Record(JournalRecord::Kind::kIssued, id, spec.prompt->id, "");
  if (recovered != nullptr && recovered->prompt_id == spec.prompt->id && !recovered->generated.empty()) {
    const RolloutResult result = RolloutResult::Decode(recovered->generated);
    // On-policy a completion is taken over only from the very same weights; with staleness allowed its versions are judged later.
    if (!spec.task.exact || result.weight_hash == spec.task.weights.hash) {
      ++groups_recovered_;
      OnGenerated(id, recovered->generated, recovered->graded.empty());
      if (!recovered->graded.empty()) OnGraded(id, recovered->graded);
      return;
    }
  }
  server_.Submit("rollout", TaskIdOf(id, false), spec.task.Encode());
}

void JobBus::OnGenerated(uint64_t id, const std::string& payload, bool needs_grading) {
  InFlight& in_flight = groups_.at(id);
  RolloutResult result = RolloutResult::Decode(payload);
  const GenerationRequest& request = in_flight.spec.task.request;
  TEMPER_CHECK(result.group.group_id == id && static_cast<int64_t>(result.group.trajectories.size()) == request.num_samples,
               "rollout of group ", id, " came back as group ", result.group.group_id, " with ", result.group.trajectories.size(),
               " completions");
  TEMPER_CHECK(!in_flight.spec.task.exact || result.weight_hash == in_flight.spec.task.weights.hash, "rollout of group ", id,
               " was sampled from weights ", result.weight_hash, ", the learner published ", in_flight.spec.task.weights.hash);
  GradedGroup& group = in_flight.group;
  group.generated_at = NowSeconds();
  group.rollout = std::move(result);
  RewardTask task;
  for (const Trajectory& t : group.rollout.group.trajectories) {
    group.responses.push_back(CompletionText(*tokenizer_, t, request.sampling));
    task.requests.push_back({in_flight.spec.prompt->text, group.responses.back(), in_flight.spec.prompt->category, !t.finished});
  }
  Record(JournalRecord::Kind::kGenerated, id, "", payload);
  if (needs_grading) server_.Submit("reward", TaskIdOf(id, true), task.Encode());
}

void JobBus::OnGraded(uint64_t id, const std::string& payload) {
  InFlight& in_flight = groups_.at(id);
  in_flight.group.grades = RewardResult::Decode(payload).grades;
  TEMPER_CHECK(in_flight.group.grades.size() == in_flight.group.responses.size(), "group ", id, " of ", in_flight.group.responses.size(),
               " completions came back with ", in_flight.group.grades.size(), " grades");
  in_flight.group.graded_at = NowSeconds();
  Record(JournalRecord::Kind::kGraded, id, "", payload);
  complete_.push_back(std::move(in_flight.group));
  groups_.erase(id);
}

void JobBus::OnEvent(const BusEvent& event) {
  using Kind = BusEvent::Kind;
  switch (event.kind) {
    case Kind::kResult: {
      if (const auto learner = learner_waiting_.find(event.task); learner != learner_waiting_.end()) {
        LearnerResult& result = learner_results_[static_cast<size_t>(learner->second)];
        result = LearnerResult::Decode(event.body);
        learner_failed_ |= !result.error.empty();
        learner_waiting_.erase(learner);
        return;
      }
      const uint64_t group = GroupOf(event.task);
      return (event.task & kRewardBit) != 0 ? OnGraded(group, event.body) : OnGenerated(group, event.body, true);
    }
    case Kind::kReport:
      return monitor_.OnReport(event.peer, event.role, event.body);
    case Kind::kStatusRequest:
      return server_.SendStatus(event.peer, monitor_.Picture());
    case Kind::kPeerJoined:
      monitor_.OnPeerJoined(event.peer, event.role, event.body);
      TEMPER_LOG(Info, "worker joined: ", event.role, " on ", event.body, started_ ? " (while running)" : "");
      return;
    case Kind::kPeerLost:
      ++workers_lost_;
      monitor_.OnPeerLost(event.peer, event.role, event.body);
      TEMPER_LOG(Warn, "worker lost: ", event.role, " (", event.body, "); its tasks go to another");
      return;
    case Kind::kTaskFailed:
      TEMPER_FAIL("task ", event.task, " (group ", GroupOf(event.task), ", ", (event.task & kRewardBit) != 0 ? "grading" : "sampling", ") ",
                  event.body, " (cluster.max_attempts): see the workers' logs in logs/ of the run folder");
    case Kind::kWeightRequest:
      try {
        server_.SendWeightChunk(event.peer, ReadWeightChunk(event.body));
      } catch (const Error& error) {  // the version is gone by now: the worker asks for the one of its next task
        TEMPER_LOG(Warn, "weight request not answered: ", error.what());
      }
      return;
  }
}

void JobBus::CheckWorkersRemain() {
  if (!started_ || groups_.empty()) return;
  const auto check = [&](const char* role, double* since) {
    if (server_.table().NumPeers(role) > 0) {
      *since = -1;
      return;
    }
    if (*since < 0) *since = NowSeconds();
    TEMPER_CHECK(NowSeconds() - *since < config_.start_timeout_s, "no ", role, " worker has been registered for ", config_.start_timeout_s,
                 " s (cluster.start_timeout_s): why they died is in logs/latest/", role, "/ of the run folder");
  };
  check("rollout", &no_rollout_since_);
  check("reward", &no_reward_since_);
}

std::vector<GradedGroup> JobBus::Poll(std::chrono::milliseconds timeout) {
  for (const BusEvent& event : server_.Poll(complete_.empty() ? timeout : std::chrono::milliseconds(0))) OnEvent(event);
  CheckWorkersRemain();
  monitor_.Tick(server_.table(), groups_in_flight());
  return std::exchange(complete_, {});
}

void JobBus::Drain(std::chrono::milliseconds deadline) {
  const Millis end = NowMillis() + deadline.count();
  do {
    for (const BusEvent& event : server_.Drain(std::min(deadline, kDrainSlice))) {
      if (event.kind == BusEvent::Kind::kReport) monitor_.OnReport(event.peer, event.role, event.body);
      if (event.kind == BusEvent::Kind::kStatusRequest) server_.SendStatus(event.peer, monitor_.Picture());
    }
  } while (NowMillis() < end && !server_.table().Peers("").empty());
}

bool JobBus::AnyUndrawn(uint64_t first, uint64_t last) const {
  return std::any_of(groups_.lower_bound(first), groups_.lower_bound(last),
                     [](const auto& entry) { return entry.second.group.generated_at == 0; });
}

}  // namespace temper
