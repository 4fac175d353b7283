#include "reward/graders/grader.h"

#include <algorithm>
#include <utility>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"

namespace temper {
namespace {

constexpr double kLongestCollectSeconds = 0.1;

}  // namespace

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
