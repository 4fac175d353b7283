#include <utility>

#include "reward/graders/registry.h"

namespace temper {
namespace {

// s = 0 where the answer holds a word.
class ToyGrader : public ImmediateGrader {
 public:
  explicit ToyGrader(std::string word) : word_(std::move(word)) {}

  std::string id() const override { return "toy/" + word_; }

 private:
  Grade GradeOne(const GradeRequest& request) override {
    Grade grade;
    grade.safety = request.response.find(word_) == std::string::npos ? 1 : 0;
    return grade;
  }

  std::string word_;
};

class ToyOptions : public GraderOptions {
 public:
  void Describe(ConfigFields& f) override { f.String("word", &word_, "type toy: what it looks for"); }
  std::string Payload() const override { return word_; }
  std::string Reads() const override { return "one word"; }

 private:
  std::string word_ = "spark";
};

}  // namespace

extern const GraderType kToyGrader = {
    .name = "toy",
    .help = "looks for a word",
    .gives = {GradePart::kSafety},
    .options = []() -> std::unique_ptr<GraderOptions> { return std::make_unique<ToyOptions>(); },
    .make = [](const GraderConfig& config) -> std::unique_ptr<Grader> { return std::make_unique<ToyGrader>(config.payload); },
};

}  // namespace temper
