#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "reward/grade/grade.h"
#include "reward/remote/limits.h"
#include "reward/remote/line_process.h"

namespace temper {

struct LineExchangeOptions {
  std::string name;  // of the grader, for the log
  ChildOptions child;
  std::vector<GradePart> gives;  // what a reply must hold
  double deadline_s = 60;        // of a batch
  int64_t in_flight = 256;       // requests that the child has not answered; more wait here
};

// Grades by a child process that reads requests and writes replies, a line each (reward/remote/schema.h), in whatever order. It is started
// with the first batch and lives for further ones.
//
// Every request gets its grade once, from what the child says of it. A reply that is not of the
// schema is kParseError; one that names no request counts for the one that waits longest. kTimeout
// says that the batch's deadline has passed, kCrash that the child died with the request twice.
// When the child dies, what it had is sent once more to the next one, one at a time until that is
// answered. So answers that kill graders take no other with them. A line that the child did not end
// before it died is no reply.
//
// It is started again at once. After deaths without a reply of the schema between them it is
// started later and later, up to 30 s and an eighth of the deadline. The bound is a 64th of it
// where the child had one request in its hands, which may be to blame, since those behind it wait.
// Three deaths in a row that no single request can be blamed for, or 32 that one can, make all that
// waits kCrash with the reason. Then this count begins again. A child that answers no request that
// it has for deadline_s is killed, whatever else it says. Its standard error goes to the log, at
// most 20 lines a second of 500 bytes.
//
// Nothing throws, and nothing blocks but Pump. For one thread.
class LineExchange {
 public:
  using Handle = uint64_t;
  using Finished = std::pair<Handle, std::vector<Grade>>;  // grades without the grader's id, in the order of their requests

  explicit LineExchange(LineExchangeOptions options);

  // `handle`: of the caller's, another for every batch.
  void Ask(Handle handle, std::vector<GradeRequest> requests);
  // Moves everything on, waiting at most `timeout` for something to happen.
  void Pump(std::chrono::milliseconds timeout);
  std::vector<Finished> TakeFinished() { return std::exchange(finished_, {}); }
  bool idle() const { return open_.empty() && finished_.empty(); }

 private:
  struct Open {
    Handle batch = 0;
    size_t place = 0;
    GradeRequest request;
    double since = 0;
    int deaths = 0;  // of children that had it
  };
  struct Batch {
    std::vector<Grade> grades;
    size_t open = 0;
  };
  void StartChildIfDue();
  void Send();
  void TakeReplies();
  void TakeReply(const std::string& line);
  void LogErrors();
  void OnDeath();
  void CountDeath();
  bool Hopeless() const;
  void ExpireOverdue();
  void FailAll(const std::string& why);
  void Settle(int64_t id, Grade grade);
  size_t Owed() const { return sent_.size() + late_.size(); }

  LineExchangeOptions options_;
  std::unique_ptr<LineProcess> child_;
  std::map<Handle, Batch> batches_;
  std::map<int64_t, Open> open_;
  std::deque<int64_t> waiting_;       // to be sent; some may be settled already
  std::map<int64_t, uint64_t> sent_;  // that the child has not answered: id -> put_bytes before its line
  std::set<int64_t> late_;            // that it has not answered either, and nobody waits for any more
  std::vector<Finished> finished_;
  int64_t last_id_ = 0;
  int64_t suspects_ = 0;  // open requests that a child died with
  int64_t deaths_ = 0;    // in a row, without a reply of the schema between them
  // Of these, since all that waited was given up: with one request in hand, and with none or several.
  int64_t lone_deaths_ = 0;
  int64_t blameless_deaths_ = 0;
  double start_at_ = 0;
  double heard_at_ = 0;  // when the child was started, given something after it had nothing, or last answered a request that it had
  std::string last_error_line_;
  TokenBucket log_lines_{20, 100};
  int64_t lines_left_out_ = 0;
};

}  // namespace temper
