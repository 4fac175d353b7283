#include "reward/remote/http_client.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "cluster/base/log.h"
#include "cluster/base/random_id.h"
#include "cluster/host/no_sigpipe.h"
#include "reward/remote/limits.h"
#include "reward/remote/transfer.h"

namespace temper {
namespace {

constexpr double kLongestPoll = 1;  // s
constexpr double kNever = 1e300;

// What the end of a try means for those that follow.
struct Judgement {
  bool ok = false;
  bool again = false;     // another try may do better
  bool overload = false;  // the service has too much to do
  bool healthy = false;   // it answered: the circuit stays closed
};

Judgement Judge(const TransferEnd& end) {
  if (end.code == CURLE_OPERATION_TIMEDOUT) return {.again = true, .overload = true};
  switch (end.code) {
    case CURLE_OK:
      break;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return {.again = true};
    default:  // a reply that is too large or damaged, a certificate of a stranger: the next one would be the same
      return {};
  }
  if (end.status >= 200 && end.status < 300) return {.ok = true, .healthy = true};
  const bool overload = end.status == 429 || end.status == 503;
  const bool again = overload || end.status == 408 || end.status == 425 || end.status == 500 || end.status == 502 || end.status == 504;
  return {.again = again, .overload = overload, .healthy = end.status < 500};
}

CURLM* NewMulti() {
  static const CURLcode kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
  CURLM* multi = kReady == CURLE_OK ? curl_multi_init() : nullptr;
  TEMPER_CHECK(multi != nullptr, "libcurl cannot be used");
  return multi;
}

}  // namespace

class HttpClient::Engine {
 public:
  explicit Engine(HttpOptions options)
      : options_(std::move(options)),
        bucket_(options_.per_second, std::max(1.0, options_.per_second)),
        window_(options_.max_concurrent),
        breaker_(options_.breaker_failures, options_.breaker_rest_s),
        budget_(options_.budget, options_.budget_window_s),
        jitter_(RandomId(), "http back-off") {}

  ~Engine() {
    for (auto& [handle, running] : running_) curl_multi_remove_handle(multi_, handle);
    running_.clear();
    if (multi_ != nullptr) curl_multi_cleanup(multi_);
  }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  Id Post(const std::string& url, std::string body, double deadline_s, std::vector<std::string> headers) {
    const double now = NowSeconds();
    jobs_[++last_id_] = {url, std::move(body), std::move(headers), now, now + deadline_s, now, {}};
    Advance();
    return last_id_;
  }

  std::map<Id, HttpReply> Collect(std::chrono::milliseconds timeout) {
    const double until = NowSeconds() + 1e-3 * static_cast<double>(timeout.count());
    while (true) {
      Advance();
      const double now = NowSeconds();
      if (!finished_.empty() || jobs_.empty() || now >= until) return std::exchange(finished_, {});
      const double wait = std::clamp(std::min(until, NextEvent(now)) - now, 0.001, kLongestPoll);
      const NoSigPipe guard;
      if (multi_ != nullptr) curl_multi_poll(multi_, nullptr, 0, static_cast<int>(wait * 1000), nullptr);
    }
  }

  bool idle() const { return jobs_.empty() && finished_.empty(); }

 private:
  struct Job {
    std::string url, body;
    std::vector<std::string> headers;
    double since = 0, deadline = 0;
    double ready_at = 0;  // not tried before
    HttpReply reply;      // of the tries so far
    bool running = false;
    bool timed_out = false;  // the last try
  };
  struct Running {
    Id id = 0;
    std::unique_ptr<Transfer> transfer;
  };

  void Advance() {
    const NoSigPipe guard;
    StartReady();
    int still_running = 0;
    if (multi_ != nullptr) curl_multi_perform(multi_, &still_running);
    TakeEnds();
    StartReady();
    Expire();
  }

  void StartReady() {
    const double now = NowSeconds();
    if (now < pause_until_) return;
    for (auto& [id, job] : jobs_) {
      if (static_cast<int64_t>(running_.size()) >= window_.size() || !breaker_.Allows(now)) return;
      if (job.running || job.ready_at > now || job.deadline <= now) continue;
      if (bucket_.Wait(now) > 0) return;
      if (!budget_.Take(now)) {
        over_budget_.push_back(id);
        job.ready_at = kNever;
        continue;
      }
      bucket_.Take(now);
      Start(id, &job, now);
    }
  }

  void Start(Id id, Job* job, double now) {
    if (multi_ == nullptr) multi_ = NewMulti();
    auto transfer =
        std::make_unique<Transfer>(options_, job->url, job->body, job->headers, std::min(options_.attempt_timeout_s, job->deadline - now));
    CURL* handle = transfer->handle();
    curl_multi_add_handle(multi_, handle);
    job->running = true;
    ++job->reply.attempts;
    breaker_.OnStart();
    running_[handle] = {id, std::move(transfer)};
  }

  void TakeEnds() {
    int left = 0;
    while (multi_ != nullptr) {
      const CURLMsg* message = curl_multi_info_read(multi_, &left);
      if (message == nullptr) return;
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      auto running = running_.extract(message->easy_handle);
      curl_multi_remove_handle(multi_, running.key());
      OnEnd(running.mapped().id, running.mapped().transfer->End(code));
    }
  }

  void OnEnd(Id id, TransferEnd end) {
    const double now = NowSeconds();
    const Judgement judgement = Judge(end);
    const bool was_open = breaker_.open();
    judgement.healthy ? breaker_.OnSuccess() : breaker_.OnFailure(now);
    if (!was_open && breaker_.open())
      TEMPER_LOG(Warn, "grader ", options_.name, ": ", options_.breaker_failures, " failures in a row, the last: ", end.error,
                 "; the service is left alone for ", options_.breaker_rest_s, " s");
    if (judgement.ok) window_.OnSuccess();
    if (judgement.overload) window_.OnOverload(now);
    // One reply must not silence a service for all: after as long as it is left alone at most, others try.
    const double longest = std::max(options_.max_backoff_s, options_.breaker_rest_s);
    if (judgement.overload) pause_until_ = std::max(pause_until_, now + std::min(end.retry_after_s, longest));
    Job& job = jobs_.at(id);
    job.running = false;
    job.timed_out = end.code == CURLE_OPERATION_TIMEDOUT;
    job.reply.status = end.status;
    job.reply.error = end.error;
    if (judgement.ok) {
      job.reply.body = std::move(end.body);
      return Finish(id, HttpOutcome::kReplied);
    }
    if (!judgement.again || job.reply.attempts >= options_.max_attempts) return FinishFailed(id, "");
    const double backoff = BackoffSeconds(job.reply.attempts, options_.backoff_s, options_.max_backoff_s, jitter_.Uniform());
    job.ready_at = now + std::max(backoff, end.retry_after_s);
    if (job.ready_at >= job.deadline)
      FinishFailed(id, end.retry_after_s > backoff
                           ? Concat("; it asks for ", end.retry_after_s, " s of patience, which the deadline does not leave")
                           : "; the deadline leaves no time for another try");
  }

  // What is overdue, over budget, or would be overdue before the circuit breaker lets it through.
  void Expire() {
    for (const Id id : std::exchange(over_budget_, {})) {
      jobs_.at(id).reply.error = Concat("over the budget of ", options_.budget, " tries within ", options_.budget_window_s, " s");
      Finish(id, HttpOutcome::kOverBudget);
    }
    const double now = NowSeconds();
    std::vector<std::pair<Id, std::string>> late;
    for (const auto& [id, job] : jobs_) {
      if (job.running) continue;  // its own timeout ends it
      if (job.deadline <= now)
        late.emplace_back(id, job.reply.attempts == 0 ? "it was never its turn" : "; the deadline passed");
      else if (breaker_.open() && breaker_.opens_at() >= job.deadline)
        late.emplace_back(id, "the service fails and is left alone until the deadline");
    }
    for (const auto& [id, why] : late) {
      const bool overdue = jobs_.at(id).deadline <= now;
      if (overdue && jobs_.at(id).reply.attempts == 0) jobs_.at(id).timed_out = true;
      FinishFailed(id, why);
    }
  }

  void FinishFailed(Id id, const std::string& why) {
    HttpReply& reply = jobs_.at(id).reply;
    reply.error += reply.error.empty() || why.empty() || why.starts_with(";") ? why : Concat("; ", why);
    if (reply.attempts > 1) reply.error = Concat("after ", reply.attempts, " tries: ", reply.error);
    Finish(id, jobs_.at(id).timed_out ? HttpOutcome::kTimeout : HttpOutcome::kFailed);
  }

  void Finish(Id id, HttpOutcome outcome) {
    auto job = jobs_.extract(id);
    HttpReply& reply = job.mapped().reply;
    reply.outcome = outcome;
    if (outcome == HttpOutcome::kReplied) reply.error.clear();
    reply.waited_s = NowSeconds() - job.mapped().since;
    finished_[id] = std::move(reply);
  }

  // When something is to be done that no socket tells of.
  double NextEvent(double now) const {
    double next = kNever;
    const bool full = static_cast<int64_t>(running_.size()) >= window_.size();
    for (const auto& [id, job] : jobs_) {
      if (job.running) continue;
      next = std::min(next, job.deadline);
      if (full) continue;
      const double allowed = breaker_.open() ? breaker_.opens_at() : now;
      if (breaker_.Allows(std::max(allowed, now)))
        next = std::min(next, std::max({allowed, job.ready_at, pause_until_, now + bucket_.Wait(now)}));
    }
    return next;
  }

  const HttpOptions options_;
  TokenBucket bucket_;
  AimdWindow window_;
  CircuitBreaker breaker_;
  Budget budget_;
  KeyedStream jitter_;
  double pause_until_ = 0;  // the service asked for it
  CURLM* multi_ = nullptr;
  std::map<Id, Job> jobs_;
  std::map<CURL*, Running> running_;
  std::vector<Id> over_budget_;
  std::map<Id, HttpReply> finished_;
  Id last_id_ = 0;
};

HttpClient::HttpClient(HttpOptions options) : engine_(std::make_unique<Engine>(std::move(options))) {}
HttpClient::~HttpClient() = default;
HttpClient::Id HttpClient::Post(const std::string& url, std::string body, double deadline_s, std::vector<std::string> headers) {
  return engine_->Post(url, std::move(body), deadline_s, std::move(headers));
}
std::map<HttpClient::Id, HttpReply> HttpClient::Collect(std::chrono::milliseconds timeout) { return engine_->Collect(timeout); }
bool HttpClient::idle() const { return engine_->idle(); }

}  // namespace temper
