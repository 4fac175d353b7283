// The grader of rows of which something is known before anybody answers.
#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "reward/graders/combine.h"
#include "reward/graders/registry.h"

namespace temper {
namespace {

using Json = nlohmann::json;

// The same s for every answer. It reads neither prompt nor answer; `only` says of which rows the s is known.
class ConstantGrader : public ImmediateGrader {
 public:
  ConstantGrader(double safety, const GraderConfig& config) : safety_(safety), id_(Concat("constant/1:", safety, GivesOf(config))) {}

  std::string id() const override { return id_; }

 private:
  Grade GradeOne(const GradeRequest&) override {
    Grade grade;
    grade.safety = safety_;
    grade.severity = SeverityOf(safety_, kUnsafeBelow);
    grade.mode = ResponseMode::kDirect;
    return grade;
  }

  const double safety_;
  const std::string id_;
};

class ConstantOptions : public GraderOptions {
 public:
  void Describe(ConfigFields& f) override { f.Real("safety", &safety_, {0, 1}, "type constant: s of every answer to the rows of `only`"); }
  std::string Payload() const override { return Json{{"safety", safety_}}.dump(); }
  std::string Reads() const override { return "neither prompt nor answer"; }

 private:
  double safety_ = 1;
};

std::unique_ptr<Grader> Make(const GraderConfig& config) {
  try {
    return std::make_unique<ConstantGrader>(Json::parse(config.payload).at("safety").get<double>(), config);
  } catch (const Json::exception& error) {
    throw ConfigError(Concat("grader ", config.name, ": its settings do not read: ", error.what()));
  }
}

}  // namespace

extern const GraderType kConstantGrader = {
    .name = "constant",
    .help = "the same s for every answer, of rows of which it is known before anybody answers",
    .gives = {GradePart::kSafety},
    .options = []() -> std::unique_ptr<GraderOptions> { return std::make_unique<ConstantOptions>(); },
    .make = Make,
};

}  // namespace temper
