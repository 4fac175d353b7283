#include "reward/graders/grader.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <utility>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"

namespace temper {
namespace {

constexpr double kLongestCollectSeconds = 0.1;

// A grade that holds a value which is no number is a failure of its grader.
Grade Checked(Grade grade) {
  if (grade.outcome != GradeOutcome::kOk) return grade;
  for (const auto& [name, value] : {std::pair("safety", grade.safety),
                                    {"helpfulness", grade.helpfulness},
                                    {"helpfulness_direct", grade.h_direct},
                                    {"helpfulness_indirect", grade.h_indirect}})
    if (!std::isfinite(value))
      return FailedGrade(GradeOutcome::kCrash, Concat("the grader gave ", value, " as ", name, ", which is no number"));
  return grade;
}

}  // namespace

Grade FailedGrade(GradeOutcome outcome, const std::string& error) {
  Grade grade;
  grade.outcome = outcome;
  grade.error = error;
  return grade;
}

Grader::Handle ImmediateGrader::Start(std::vector<GradeRequest> requests) {
  const int64_t start = NowMicros();
  std::vector<Grade> grades = GradeBatch(requests);
  TEMPER_CHECK(grades.size() == requests.size(), "a grader gave ", grades.size(), " grades of ", requests.size(), " requests");
  const int64_t share = (NowMicros() - start) / std::max<int64_t>(1, static_cast<int64_t>(grades.size()));
  for (Grade& grade : grades) {
    const int64_t own_us = grade.latency_us;
    grade = Checked(std::move(grade));
    grade.latency_us = own_us;
    grade.grader = id();
    if (grade.latency_us == 0) grade.latency_us = share;
  }
  finished_.push_back({++last_handle_, std::move(grades)});
  return last_handle_;
}

std::vector<Grader::Finished> ImmediateGrader::Collect(std::chrono::milliseconds /*timeout*/) { return std::exchange(finished_, {}); }

std::vector<Grade> ImmediateGrader::GradeBatch(const std::vector<GradeRequest>& requests) {
  std::vector<Grade> grades;
  grades.reserve(requests.size());
  for (const GradeRequest& request : requests) {
    const int64_t start = NowMicros();
    try {
      grades.push_back(GradeOne(request));
    } catch (const std::exception& error) {
      grades.push_back(FailedGrade(GradeOutcome::kCrash, error.what()));
    }
    grades.back().latency_us = NowMicros() - start;
  }
  return grades;
}

Grade ImmediateGrader::GradeOne(const GradeRequest& /*request*/) { TEMPER_FAIL("the grader overrides neither GradeOne nor GradeBatch"); }

Grade OverdueGrade(const Grader& grader, double waited_s, double deadline_s) {
  Grade grade;
  grade.outcome = GradeOutcome::kTimeout;
  grade.error = Concat("no grade within ", deadline_s, " s");
  grade.grader = grader.id();
  grade.latency_us = static_cast<int64_t>(waited_s * 1e6);
  return grade;
}

std::vector<Grade> GradeAll(Grader* grader, std::vector<GradeRequest> requests, double deadline_s) {
  const size_t num_requests = requests.size();
  const double start = NowSeconds();
  const Grader::Handle handle = grader->Start(std::move(requests));
  while (true) {
    const double left = std::clamp(start + deadline_s - NowSeconds(), 0.0, kLongestCollectSeconds);
    for (Grader::Finished& finished : grader->Collect(std::chrono::ceil<std::chrono::milliseconds>(std::chrono::duration<double>(left)))) {
      if (finished.handle == handle) return std::move(finished.grades);
    }
    const double waited = NowSeconds() - start;
    if (waited >= deadline_s) return std::vector<Grade>(num_requests, OverdueGrade(*grader, waited, deadline_s));
  }
}

}  // namespace temper
