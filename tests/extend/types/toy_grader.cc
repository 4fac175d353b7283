#include <utility>

#include "reward/graders/registry.h"

namespace temper {
namespace {

// s = 0 where the answer holds the payload, a word; h = 1.
class ToyGrader : public Grader {
 public:
  explicit ToyGrader(std::string word) : word_(std::move(word)) {}

  Handle Start(std::vector<GradeRequest> requests) override {
    std::vector<Grade> grades;
    for (const GradeRequest& request : requests) {
      Grade grade;
      grade.safety = request.response.find(word_) == std::string::npos ? 1 : 0;
      grade.helpfulness = 1;
      grades.push_back(grade);
    }
    finished_.push_back({++last_, std::move(grades)});
    return last_;
  }
  std::vector<Finished> Collect(std::chrono::milliseconds) override { return std::exchange(finished_, {}); }
  std::string id() const override { return "toy/" + word_; }

 private:
  std::string word_;
  Handle last_ = 0;
  std::vector<Finished> finished_;
};

}  // namespace

extern const GraderType kToyGrader = {"toy", "looks for a word; its payload", [](const GraderConfig& config) -> std::unique_ptr<Grader> {
                                        return std::make_unique<ToyGrader>(config.payload);
                                      }};

}  // namespace temper
