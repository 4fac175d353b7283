#include "cluster/bus/in_process.h"

#include <algorithm>
#include <iterator>
#include <list>
#include <map>
#include <thread>
#include <utility>

#include "cluster/base/log.h"
#include "cluster/bus/inbox.h"
#include "cluster/bus/server_core.h"

namespace temper {
namespace {

constexpr char kHost[] = "this process";
constexpr auto kRest = std::chrono::milliseconds(1);  // where nobody has a task, Poll must not spin

}  // namespace

struct InProcessBus::State {
  explicit State(const Options& o) : options(o), core(o.rules) {}

  Options options;
  ServerCore core;
  BusAnswer weight_answer;
  std::map<PeerId, Inbox> inboxes;
  std::list<std::function<bool()>> turns;
  PeerId last_peer = 0;

  Millis now() const { return options.clock(); }

  void Deliver() {
    for (const auto& [peer, task, payload] : core.Assign(now())) inboxes[peer].tasks.push_back({task, *payload});
  }
};

class InProcessBus::Client : public BusClient {
 public:
  Client(State* bus, const PeerRole& role, int64_t capacity) : bus_(bus), role_(role), capacity_(capacity), peer_(++bus->last_peer) {
    clock_.Add(0, 0, 0, 0);  // the server's clock is this one
  }
  ~Client() override { Go("died"); }

  std::string Register(std::chrono::milliseconds) override {
    bus_->core.Join(peer_, role_, capacity_, kHost, bus_->now());
    return bus_->core.WelcomeOf(role_.role);
  }
  void Poll(std::chrono::milliseconds) override { Beat(false); }
  std::optional<BusTask> NextTask() override { return PopFront(&inbox().tasks); }
  std::optional<std::string> NextAnnouncement() override { return PopFront(&inbox().announcements); }
  std::optional<std::string> NextWeightChunk() override { return PopFront(&inbox().chunks); }
  std::optional<std::string> NextWelcome() override { return PopFront(&inbox().welcomes); }
  void SendResult(TaskId task, const std::string& payload) override { bus_->core.OnResult(peer_, {task, payload}, bus_->now()); }
  void RequestWeights(const std::string& body) override {
    auto chunk = bus_->weight_answer ? bus_->weight_answer(body) : std::nullopt;
    if (chunk) inbox().chunks.push_back(std::move(*chunk));
  }
  bool MissWeights(const std::string&) override { return false; }  // the learner has its turn after this one
  void SetProgress(uint64_t progress) override { progress_ = progress; }
  void SetReporter(std::function<std::string()> reporter) override { reporter_ = std::move(reporter); }
  void Beat(bool now) override {
    const Millis time = bus_->now();
    // Progress counts at once: nobody would hear of it in time from a worker that waits for its turn.
    bus_->core.OnHeartbeat(peer_, progress_, "", time);
    if (last_report_ != 0 && time - last_report_ < bus_->options.heartbeat.count() / (now ? 4 : 1)) return;
    last_report_ = time;
    if (reporter_) bus_->core.OnHeartbeat(peer_, progress_, reporter_(), time);
  }
  const ClockOffset& clock() const override { return clock_; }
  bool draining() const override { return bus_->inboxes[peer_].draining; }
  const std::string& sent_away() const override { return bus_->inboxes[peer_].sent_away; }
  void Leave(std::chrono::milliseconds) override {
    last_report_ = 0;
    Beat(true);  // what the reporter has left to say
    Go("left");
  }
  std::chrono::milliseconds silent_for() const override { return std::chrono::milliseconds(0); }

 private:
  Inbox& inbox() { return bus_->inboxes[peer_]; }
  void Go(const char* how) {
    bus_->core.Lose(peer_, how);
    bus_->inboxes.erase(peer_);
  }

  State* bus_;
  PeerRole role_;
  int64_t capacity_;
  PeerId peer_;
  uint64_t progress_ = 0;
  std::function<std::string()> reporter_;
  Millis last_report_ = 0;
  ClockOffset clock_;
};

InProcessBus::InProcessBus(const Options& options) : state_(std::make_unique<State>(options)) {}

InProcessBus::~InProcessBus() = default;

std::unique_ptr<BusClient> InProcessBus::Connect(const PeerRole& role, int64_t capacity) {
  return std::make_unique<Client>(state_.get(), role, capacity);
}

void InProcessBus::AddWorker(std::function<bool()> turn) { state_->turns.push_back(std::move(turn)); }
void InProcessBus::SetWelcome(Role role, std::string body) { state_->core.SetWelcome(role, std::move(body)); }
void InProcessBus::SetRules(Role role, TaskRules rules) { state_->core.SetRules(role, rules); }
void InProcessBus::SetWeightAnswer(BusAnswer answer) { state_->weight_answer = std::move(answer); }
void InProcessBus::SetStatusAnswer(BusAnswer) {}
void InProcessBus::SetWeightsMissing(std::function<void(const std::string&)>) {}
const TaskTable& InProcessBus::table() const { return state_->core.table(); }

void InProcessBus::Submit(const PeerRole& role, TaskId task, std::string payload) {
  state_->core.Submit(role, task, std::move(payload), state_->now());
}

void InProcessBus::GiveAgain(const BusEvent& result, std::string payload) {
  if (state_->core.GiveAgain(result, std::move(payload), state_->now())) state_->inboxes[result.peer].draining = true;
}

void InProcessBus::Announce(Role role, const std::string& body) {
  for (const PeerId peer : state_->core.table().Peers(role)) state_->inboxes[peer].announcements.push_back(body);
}

std::vector<BusEvent> InProcessBus::Poll(std::chrono::milliseconds timeout) {
  State& s = *state_;
  s.Deliver();
  for (auto turn = s.turns.begin(); turn != s.turns.end();) turn = (*turn)() ? std::next(turn) : s.turns.erase(turn);
  s.core.Tick(s.now());
  auto events = s.core.TakeEvents();
  if (events.empty() && s.core.table().num_open() == 0) std::this_thread::sleep_for(std::min(timeout, kRest));
  return events;
}

std::vector<BusEvent> InProcessBus::Drain(std::chrono::milliseconds deadline) {
  const Millis end = state_->now() + deadline.count();
  std::vector<BusEvent> all;
  do {
    for (const PeerId peer : state_->core.table().Peers()) state_->inboxes[peer].draining = true;
    auto events = Poll(std::chrono::milliseconds(1));
    all.insert(all.end(), std::make_move_iterator(events.begin()), std::make_move_iterator(events.end()));
  } while (state_->now() < end && !state_->core.table().Peers().empty());
  return all;
}

}  // namespace temper
