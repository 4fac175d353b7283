#include "reward/graders/open_batches.h"

#include <utility>

#include "cluster/base/clock.h"

namespace temper {

Grader::Handle OpenBatches::Open(size_t num_requests) {
  const Grader::Handle handle = ++last_handle_;
  if (num_requests == 0) {
    finished_.push_back({handle, {}});
  } else {
    batches_[handle] = {std::vector<Grade>(num_requests), num_requests, NowSeconds()};
  }
  return handle;
}

void OpenBatches::Settle(Grader::Handle handle, size_t place, Grade grade, const std::string& grader_id) {
  Batch& batch = batches_.at(handle);
  grade.grader = grader_id;
  grade.latency_us = static_cast<int64_t>((NowSeconds() - batch.since) * 1e6);
  batch.grades.at(place) = std::move(grade);
  if (--batch.open > 0) return;
  finished_.push_back({handle, std::move(batch.grades)});
  batches_.erase(handle);
}

std::vector<Grader::Finished> OpenBatches::Take() { return std::exchange(finished_, {}); }

}  // namespace temper
