#include "reward/remote/line_exchange.h"

#include <algorithm>

#include <unistd.h>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/base/log.h"
#include "policy/text/strict_json.h"
#include "reward/remote/schema.h"

namespace temper {
namespace {

constexpr size_t kLoggedBytes = 500;
constexpr int64_t kHopelessDeaths = 3;
constexpr int64_t kHopelessLoneDeaths = 32;  // more than a group has answers, which may all be alike
constexpr double kFirstBackoff = 0.1;        // s
constexpr double kLongestBackoff = 30;
constexpr double kBackoffOfDeadline = 1.0 / 8, kLoneBackoffOfDeadline = 1.0 / 64;  // 32 of these take half of it
constexpr size_t kMaxUnwritten = size_t{1} << 20;                                  // bytes

Grade Failed(GradeOutcome outcome, std::string why) {
  Grade grade;
  grade.outcome = outcome;
  grade.error = std::move(why);
  return grade;
}

}  // namespace

LineExchange::LineExchange(LineExchangeOptions options) : options_(std::move(options)) {}

void LineExchange::Ask(Handle handle, std::vector<GradeRequest> requests) {
  if (requests.empty()) return finished_.push_back({handle, {}});
  batches_[handle] = {std::vector<Grade>(requests.size()), requests.size()};
  const double now = NowSeconds();
  for (size_t i = 0; i < requests.size(); ++i) {
    open_[++last_id_] = {handle, i, std::move(requests[i]), now, 0};
    waiting_.push_back(last_id_);
  }
  Pump(std::chrono::milliseconds(0));
}

void LineExchange::Pump(std::chrono::milliseconds timeout) {
  StartChildIfDue();
  Send();
  if (child_) {
    child_->Pump(timeout);
    TakeReplies();
    Send();
    LogErrors();
    if (!child_->alive()) OnDeath();
  } else if (timeout.count() > 0) {
    usleep(static_cast<useconds_t>(std::min<int64_t>(timeout.count(), 10)) * 1000);  // it is not to be started yet
  }
  ExpireOverdue();
}

void LineExchange::StartChildIfDue() {
  if (child_ || open_.empty() || NowSeconds() < start_at_) return;
  child_ = std::make_unique<LineProcess>(options_.child, kMaxReplyBytes + 1);
  heard_at_ = NowSeconds();
  last_error_line_.clear();
  if (child_->alive()) TEMPER_LOG(Info, "grader ", options_.name, ": started ", options_.child.argv.front(), ", process ", child_->pid());
}

void LineExchange::Send() {
  if (!child_ || !child_->alive()) return;
  const size_t window = suspects_ > 0 ? 1 : static_cast<size_t>(options_.in_flight);
  if (Owed() > window / 2) return;  // it has enough to do, and many lines at once cost less
  while (!waiting_.empty() && Owed() < window && child_->unwritten() < kMaxUnwritten) {
    const int64_t id = waiting_.front();
    waiting_.pop_front();
    const auto open = open_.find(id);
    if (open == open_.end()) continue;
    if (Owed() == 0) heard_at_ = NowSeconds();  // it had nothing to say before
    sent_[id] = child_->put_bytes();
    child_->Put(RequestJson(id, open->second.request));
  }
}

void LineExchange::TakeReplies() {
  for (const std::string& line : child_->TakeLines()) TakeReply(line);
}

void LineExchange::TakeReply(const std::string& line) {
  if (line.find_first_not_of(" \t\r") == std::string::npos) return;
  RemoteReply reply = ParseReply(line, options_.gives);
  int64_t id = reply.id.value_or(-1);
  const bool names_none = !reply.id || *reply.id < 1 || *reply.id > last_id_;
  if (names_none) {
    if (sent_.empty()) {
      TEMPER_LOG(Warn, "grader ", options_.name, ": it was asked nothing and says: ", Quoted(line, kLoggedBytes));
      return;
    }
    id = sent_.begin()->first;
    if (reply.id) reply.grade = ParseErrorGrade("it has the id of no request", line);
  }
  const bool was_late = late_.erase(id) > 0;
  if (!names_none && (was_late || sent_.contains(id))) heard_at_ = NowSeconds();
  if (!sent_.contains(id)) return;  // it was answered before, or too late
  if (reply.grade.outcome != GradeOutcome::kParseError) deaths_ = lone_deaths_ = blameless_deaths_ = 0;
  const Open& open = open_.at(id);
  Settle(id, GradeOfReply(open.request, std::move(reply)));
}

void LineExchange::LogErrors() {
  for (const std::string& line : child_->TakeErrorLines()) {
    if (line.find_first_not_of(" \t\r") != std::string::npos) last_error_line_ = Quoted(line, kLoggedBytes);
    if (!log_lines_.Take(NowSeconds())) {
      ++lines_left_out_;
      continue;
    }
    if (lines_left_out_ > 0)
      TEMPER_LOG(Warn, "grader ", options_.name, ": ", std::exchange(lines_left_out_, 0), " lines are left out here");
    TEMPER_LOG(Info, "grader ", options_.name, ": ", Quoted(line, kLoggedBytes));
  }
}

void LineExchange::OnDeath() {
  const std::string how = Concat(child_->end(), last_error_line_.empty() ? "" : Concat("; it said: ", last_error_line_));
  const uint64_t written = child_->written_bytes();
  child_.reset();
  late_.clear();
  CountDeath();
  TEMPER_LOG(Warn, "grader ", options_.name, ": its process died (", how, ") with ", sent_.size(), " answers in its hands");
  std::vector<int64_t> again;
  for (const auto& [id, before] : std::exchange(sent_, {})) {
    Open& open = open_.at(id);
    const bool had_it = written > before;
    if (had_it && open.deaths == 1) {
      Settle(id, Failed(GradeOutcome::kCrash, Concat("the grader's process died with this answer twice: ", how)));
      continue;
    }
    if (had_it) {
      ++open.deaths;
      ++suspects_;
    }
    again.push_back(id);
  }
  waiting_.insert(waiting_.begin(), again.begin(), again.end());
  if (Hopeless()) FailAll(Concat("the grader's process dies before it answers: ", how));
}

// When the next child starts, and whose fault it may be. Before what this one had is sorted.
void LineExchange::CountDeath() {
  const bool lone = sent_.size() == 1;
  const double longest = std::min(kLongestBackoff, options_.deadline_s * (lone ? kLoneBackoffOfDeadline : kBackoffOfDeadline));
  start_at_ = NowSeconds() + (deaths_ > 0 ? BackoffSeconds(deaths_, kFirstBackoff, longest, 1) : 0);
  ++deaths_;
  ++(lone ? lone_deaths_ : blameless_deaths_);
}

bool LineExchange::Hopeless() const { return blameless_deaths_ >= kHopelessDeaths || lone_deaths_ >= kHopelessLoneDeaths; }

void LineExchange::ExpireOverdue() {
  const double now = NowSeconds();
  // Ids grow with time, and so does what is overdue.
  while (!open_.empty() && now - open_.begin()->second.since >= options_.deadline_s) {
    const int64_t id = open_.begin()->first;
    if (sent_.contains(id)) late_.insert(id);
    Settle(id, Failed(GradeOutcome::kTimeout, Concat("no grade within ", options_.deadline_s, " s")));
  }
  if (child_ && child_->alive() && now - heard_at_ >= options_.deadline_s && Owed() > 0)
    child_->Kill(Concat("it has answered nothing for ", options_.deadline_s, " s"));
}

void LineExchange::FailAll(const std::string& why) {
  while (!open_.empty()) Settle(open_.begin()->first, Failed(GradeOutcome::kCrash, why));
  waiting_.clear();
  lone_deaths_ = blameless_deaths_ = 0;
}

void LineExchange::Settle(int64_t id, Grade grade) {
  const auto open = open_.find(id);
  Batch& batch = batches_.at(open->second.batch);
  suspects_ -= open->second.deaths > 0 ? 1 : 0;
  grade.latency_us = static_cast<int64_t>((NowSeconds() - open->second.since) * 1e6);
  batch.grades[open->second.place] = std::move(grade);
  if (--batch.open == 0) {
    finished_.push_back({open->second.batch, std::move(batch.grades)});
    batches_.erase(open->second.batch);
  }
  sent_.erase(id);
  open_.erase(open);
}

}  // namespace temper
