#include "reward/graders/grader.h"

#include <utility>

namespace temper {

std::vector<Grade> GradeAll(Grader* grader, std::vector<GradeRequest> requests) {
  const Grader::Handle handle = grader->Start(std::move(requests));
  while (true) {
    for (Grader::Finished& finished : grader->Collect(std::chrono::milliseconds(100))) {
      if (finished.handle == handle) return std::move(finished.grades);
    }
  }
}

}  // namespace temper
