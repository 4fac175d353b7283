// The grader of prompts whose answer can be checked against a column of their row.
#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/hash.h"
#include "reward/answers/answer_match.h"
#include "reward/graders/registry.h"

namespace temper {
namespace {

using Json = nlohmann::json;

// The answer of a response is right, or not: helpfulness_direct 1 or 0. A row without the column is a typed outcome.
class VerifiableGrader : public ImmediateGrader {
 public:
  VerifiableGrader(std::string column, AnswerRule rule, const GraderConfig& config)
      : column_(std::move(column)), check_(std::move(rule)), id_(Concat("verifiable/1:", Hex(Hash64(config.payload)), GivesOf(config))) {}

  std::string id() const override { return id_; }

 private:
  Grade GradeOne(const GradeRequest& request) override {
    const auto reference = request.item.find(column_);
    if (reference == request.item.end() || reference->second.empty()) {
      return FailedGrade(GradeOutcome::kParseError, Concat("the row has nothing in the column '", column_,
                                                           "', which holds the right answer; reward.sees must name it, and `only: ",
                                                           column_, "` leaves the rows without it to other graders"));
    }
    try {
      Grade grade;
      grade.h_direct = grade.helpfulness = check_.IsRight(request.response, reference->second) ? 1 : 0;
      grade.safety = 1;
      grade.mode = ResponseMode::kDirect;
      return grade;
    } catch (const RegexLimitError& error) {
      return FailedGrade(GradeOutcome::kRefusedToGrade, error.what());
    } catch (const ConfigError& error) {
      return FailedGrade(GradeOutcome::kParseError, Concat("column '", column_, "': ", error.what()));
    }
  }

  const std::string column_;
  const AnswerCheck check_;
  const std::string id_;
};

class VerifiableOptions : public GraderOptions {
 public:
  void Describe(ConfigFields& f) override {
    f.String("column", &column_, "type verifiable: the column of the row that holds the right answer; reward.sees must name it");
    f.Enum(
        "form", &rule_.form,
        "type verifiable: where the answer stands: gsm8k = behind the last ####, else the last number; numeric = the last number; boxed = "
        "in the last \\boxed{}; regex = the last match of `pattern`; exact = all of the response");
    f.String(
        "pattern", &rule_.pattern,
        "form regex: finds the answer, with \\K behind what stands before it; empty = the column holds a pattern that the response must "
        "match");
    f.Real("tolerance", &rule_.tolerance, {0, 1e300}, "type verifiable: numbers may differ by so much");
    f.Real("relative_tolerance", &rule_.relative_tolerance, {0, 1}, "type verifiable: numbers may differ by this share of the right one");
    f.Bool("ignore_case", &rule_.ignore_case, "type verifiable: letter case counts for nothing in answers that are no numbers");
    f.Rule([this] { return !column_.empty(); }, "a grader of type verifiable must name the column with the right answer");
    f.Rule([this] { return rule_.pattern.empty() || rule_.form == AnswerForm::kRegex; },
           "a grader of type verifiable must have form: regex for a pattern");
    const std::string problem = PatternProblem();
    f.Rule([problem] { return problem.empty(); },
           Concat("a grader of type verifiable must have a pattern that is a regular expression", problem.empty() ? "" : ": ", problem));
  }
  std::string Payload() const override {
    return Json{{"column", column_},
                {"form", NameOf(rule_.form)},
                {"pattern", rule_.pattern},
                {"tolerance", rule_.tolerance},
                {"relative_tolerance", rule_.relative_tolerance},
                {"ignore_case", rule_.ignore_case}}
        .dump();
  }
  std::string Reads() const override { return Concat("the answer in the column ", column_); }
  std::vector<std::string> Columns() const override { return {column_}; }

 private:
  std::string PatternProblem() const {
    try {
      AnswerCheck check(rule_);
      return "";
    } catch (const ConfigError& error) {
      return error.what();
    }
  }

  std::string column_ = "answer";
  AnswerRule rule_;
};

std::unique_ptr<Grader> Make(const GraderConfig& config) {
  try {
    const Json json = Json::parse(config.payload);
    AnswerRule rule;
    rule.form = ParseEnum<AnswerForm>(json.at("form").get<std::string>());
    rule.pattern = json.at("pattern");
    rule.tolerance = json.at("tolerance");
    rule.relative_tolerance = json.at("relative_tolerance");
    rule.ignore_case = json.at("ignore_case");
    return std::make_unique<VerifiableGrader>(json.at("column"), rule, config);
  } catch (const Json::exception& error) {
    throw ConfigError(Concat("grader ", config.name, ": its settings do not read: ", error.what()));
  }
}

}  // namespace

extern const GraderType kVerifiableGrader = {
    .name = "verifiable",
    .help = "whether the answer is that of a column: an exact text, a number, the box or the #### of a solution",
    .gives = {GradePart::kHelpfulnessDirect},
    .options = []() -> std::unique_ptr<GraderOptions> { return std::make_unique<VerifiableOptions>(); },
    .make = Make,
};

}  // namespace temper
