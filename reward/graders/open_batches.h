#pragma once

#include <map>
#include <vector>

#include "reward/graders/grader.h"

namespace temper {

// The batches that a grader has in hand whose requests are graded one by one. A batch is finished when its last request is. Not
// thread-safe.
class OpenBatches {
 public:
  // A batch of so many requests; one of none is finished at once.
  Grader::Handle Open(size_t num_requests);
  // The grade of a request, each once: with the grader's id, and with the time since Open as latency.
  void Settle(Grader::Handle batch, size_t place, Grade grade, const std::string& grader_id);
  // What is finished and was not taken before.
  std::vector<Grader::Finished> Take();
  bool has_finished() const { return !finished_.empty(); }
  bool empty() const { return batches_.empty(); }  // nothing is open

 private:
  struct Batch {
    std::vector<Grade> grades;
    size_t open = 0;
    double since = 0;
  };

  std::map<Grader::Handle, Batch> batches_;
  std::vector<Grader::Finished> finished_;
  Grader::Handle last_handle_ = 0;
};

}  // namespace temper
