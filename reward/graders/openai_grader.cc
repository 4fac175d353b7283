// Graders in the JSON of OpenAI's evals and reinforcement fine-tuning.
#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/hash.h"
#include "reward/graders/registry.h"
#include "reward/openai/score.h"

namespace temper {
namespace {

using Json = nlohmann::json;

constexpr uint64_t kMaxGraderBytes = 1 << 20;

// The parts of a grade that a number in [0, 1] can be.
Grade GradeOf(const GraderConfig& config, double score) {
  Grade grade;
  grade.mode = ResponseMode::kDirect;
  grade.safety = config.Gives(GradePart::kSafety) ? score : 1;
  grade.h_direct = config.Gives(GradePart::kHelpfulnessDirect) ? score : 0;
  grade.h_indirect = config.Gives(GradePart::kHelpfulnessIndirect) ? score : 0;
  grade.helpfulness = std::max(grade.h_direct, grade.h_indirect);
  return grade;
}

// Of graders that ask no model: everything is graded when Start returns.
class OpenAiTextGrader : public ImmediateGrader {
 public:
  explicit OpenAiTextGrader(const GraderConfig& config)
      : config_(config), id_(Concat("openai/1:", Hex(Hash64(config.payload)), GivesOf(config))) {
    const Json json = Json::parse(config.payload);
    grader_ = ParseOpenAiGrader(json.at("grader").get<std::string>(), json.at("path"));
    fuzzy_ = ParseEnum<FuzzyMatch>(json.at("fuzzy_match").get<std::string>());
    low_ = json.at("low");
    high_ = json.at("high");
  }

  std::string id() const override { return id_; }

 private:
  Grade GradeOne(const GradeRequest& request) override {
    const OpenAiScore score = ScoreOf(grader_, {request.item, request.response, request.truncated}, fuzzy_, {});
    if (!score.error.empty()) return FailedGrade(score.too_long ? GradeOutcome::kRefusedToGrade : GradeOutcome::kParseError, score.error);
    return GradeOf(config_, std::clamp((score.value - low_) / (high_ - low_), 0.0, 1.0));
  }

  const GraderConfig config_;
  const std::string id_;
  OpenAiGrader grader_;
  FuzzyMatch fuzzy_ = FuzzyMatch::kWRatio;
  double low_ = 0, high_ = 1;
};

class OpenAiOptions : public GraderOptions {
 public:
  void Describe(ConfigFields& f) override {
    f.Path("path", &path_,
           "type openai_grader: JSON of a grader of OpenAI's, or of a reinforcement fine-tuning job with one (temper import openai-rft)");
    f.Require("path");
    f.Require("gives");  // one number could be any part, and would count twice as two of them
    f.Real("low", &low_, {-1e9, 1e9}, "type openai_grader: the grader's value that becomes 0; what is below does, too");
    f.Real("high", &high_, {-1e9, 1e9}, "type openai_grader: the grader's value that becomes 1");
    f.Enum("fuzzy_match", &fuzzy_, "type openai_grader: the function of rapidfuzz that its fuzzy_match stands for");
    f.Rule([this] { return low_ < high_; }, "a grader of type openai_grader must have low below high");
  }
  std::string Payload() const override {
    const std::string text = ReadUserFile(path_, {.what = "the grader", .max_bytes = kMaxGraderBytes});
    const OpenAiGrader grader = ParseOpenAiGrader(text, path_);
    if (grader.AsksModel())
      throw ConfigError(Concat(path_,
                               ": a score_model or label_model grader asks a model, and this build has no way to one; grade with a "
                               "grader of type http, or by string_check and text_similarity"));
    return Json{{"path", path_}, {"grader", text}, {"fuzzy_match", NameOf(fuzzy_)}, {"low", low_}, {"high", high_}}.dump();
  }
  std::vector<std::string> Files() const override { return {path_}; }
  std::vector<std::string> Columns() const override {
    if (path_.empty()) return {};
    return ParseOpenAiGrader(ReadUserFile(path_, {.what = "the grader", .max_bytes = kMaxGraderBytes}), path_).Columns();
  }
  std::string Reads() const override { return "what its JSON says"; }

 private:
  std::string path_;
  double low_ = 0, high_ = 1;
  FuzzyMatch fuzzy_ = FuzzyMatch::kWRatio;
};

std::unique_ptr<Grader> Make(const GraderConfig& config) {
  try {
    return std::make_unique<OpenAiTextGrader>(config);
  } catch (const Json::exception& error) {
    throw ConfigError(Concat("grader ", config.name, ": its settings do not read: ", error.what()));
  }
}

}  // namespace

extern const GraderType kOpenAiGrader = {
    .name = "openai_grader",
    .help = "by a grader in OpenAI's JSON: string_check, text_similarity, score_model, label_model, multi",
    .gives = {GradePart::kSafety, GradePart::kHelpfulnessDirect, GradePart::kHelpfulnessIndirect},
    .options = []() -> std::unique_ptr<GraderOptions> { return std::make_unique<OpenAiOptions>(); },
    .make = Make,
};

}  // namespace temper
