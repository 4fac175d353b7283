#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "reward/grade/grade.h"

namespace temper {

// Grades responses. The same request gives the same grade on any worker. A failure is a typed
// outcome in the grade, never an exception and never a value. A grader may take long (a judge that
// is asked over a network). It is handed work, and asked again and again what it has finished, so
// that its caller can do other things meanwhile. Not thread-safe.
class Grader {
 public:
  using Handle = uint64_t;
  struct Finished {
    Handle handle = 0;
    std::vector<Grade> grades;  // one for each request, in their order
  };

  virtual ~Grader() = default;
  // Takes the requests on and returns at once, or when they are graded if that needs nothing but this process.
  virtual Handle Start(std::vector<GradeRequest> requests) = 0;
  // What is finished and was not returned before, in whatever order. Waits at most `timeout` for something where nothing is.
  virtual std::vector<Finished> Collect(std::chrono::milliseconds timeout) = 0;
  // Changes when the grader's judgement could.
  virtual std::string id() const = 0;
};

// A grader that needs nothing but this process and little time: everything is graded when Start returns. It sets the id and the latency of
// each grade, and makes GradeOutcome::kCrash of an exception and of
// a value that is not finite.
class ImmediateGrader : public Grader {
 public:
  Handle Start(std::vector<GradeRequest> requests) final;
  std::vector<Finished> Collect(std::chrono::milliseconds timeout) final;

 protected:
  // One grade for each request, in their order; may throw. By default GradeOne of each.
  virtual std::vector<Grade> GradeBatch(const std::vector<GradeRequest>& requests);
  // Overridden where GradeBatch is not; may throw.
  virtual Grade GradeOne(const GradeRequest& request);

 private:
  std::vector<Finished> finished_;
  Handle last_handle_ = 0;
};

// The grade of what was not graded, and why.
Grade FailedGrade(GradeOutcome outcome, const std::string& error);

// The grade of a request that the grader had for `waited_s` and has not graded within its deadline: GradeOutcome::kTimeout.
Grade OverdueGrade(const Grader& grader, double waited_s, double deadline_s);

// Starts the requests and waits for their grades. Where there are none after `deadline_s` seconds, each request gets its OverdueGrade.
// Nothing else may be in the grader's hands but what such a deadline left there.
std::vector<Grade> GradeAll(Grader* grader, std::vector<GradeRequest> requests, double deadline_s);

}  // namespace temper
