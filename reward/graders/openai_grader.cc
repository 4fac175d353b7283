// Graders in the JSON of OpenAI's evals and reinforcement fine-tuning.
#include <utility>

#include "cluster/base/error.h"
#include "cluster/base/fields.h"
#include "cluster/base/file.h"
#include "reward/graders/openai_payload.h"

namespace temper {
namespace {

constexpr uint64_t kMaxGraderBytes = 1 << 20;

// Of graders that ask no model: everything is graded when Start returns.
class OpenAiTextGrader : public ImmediateGrader {
 public:
  OpenAiTextGrader(const GraderConfig& config, OpenAiPayload payload)
      : config_(config),
        payload_(std::move(payload)),
        id_(OpenAiGraderId(config_, payload_)),
        grader_(ParseOpenAiGrader(payload_.json, payload_.path)) {}

  std::string id() const override { return id_; }

 private:
  Grade GradeOne(const GradeRequest& request) override {
    return GradeOfScore(config_, payload_, ScoreOf(grader_, {request.item, request.response, request.truncated}, payload_.fuzzy, {}));
  }

  const GraderConfig config_;
  const OpenAiPayload payload_;
  const std::string id_;
  const OpenAiGrader grader_;
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
    DescribeModels(f);
  }
  std::string Payload() const override {
    const std::string text = Text();
    const bool asks = ParseOpenAiGrader(text, path_).AsksModel();
    if (asks && http_.url.empty())
      throw ConfigError(Concat(path_,
                               ": a score_model or label_model grader asks a model: the entry's `url` must name a server of chat "
                               "completions, such as http://127.0.0.1:8000/v1/chat/completions, and `model` what it is called there"));
    if (!asks && !http_.url.empty()) throw ConfigError(Concat(path_, ": no grader in it asks a model; leave the entry's `url` out"));
    return EncodeFields(OpenAiPayload{.path = path_,
                                      .json = text,
                                      .fuzzy = fuzzy_,
                                      .low = low_,
                                      .high = high_,
                                      .url = http_.url,
                                      .http = asks ? OptionsOf(http_) : HttpOptions{},
                                      .judge = judge_,
                                      .version = version_,
                                      .cache = cache_});
  }
  std::vector<std::string> Files() const override { return {path_}; }
  std::vector<std::string> Columns() const override {
    if (path_.empty()) return {};
    return ParseOpenAiGrader(Text(), path_).Columns();
  }
  std::string Reads() const override { return "what its JSON says"; }

 private:
  void DescribeModels(ConfigFields& f) {
    const auto help = [](const char* text) { return Concat("type openai_grader, score_model and label_model: ", text); };
    temper::Describe(http_, "openai_grader", "where they ask for chat completions, such as http://127.0.0.1:8000/v1/chat/completions", f);
    f.String("model", &judge_.model, help("the model's name at the server; empty = as the JSON calls it"));
    f.Enum(
        "reply_format", &judge_.reply_format,
        help("whether a request asks for a reply by a schema, which not every server knows; with none the messages must ask for a number "
             "or a label alone, or for JSON with `result`"));
    f.Enum("bad_replies", &judge_.bad_replies,
           help("a score_model's reply without a number, or outside the range: no grade (parse_error), or as OpenAI documents 0 and the "
                "nearer end of the range"));
    f.String("version", &version_, help("part of the grader's id; change it when the model judges differently"));
    f.Path("cache", &cache_, help("a folder on the reward workers' hosts that keeps replies by content, over runs; empty = none"));
  }
  std::string Text() const { return ReadUserFile(path_, {.what = "the grader", .max_bytes = kMaxGraderBytes}); }

  std::string path_;
  double low_ = 0, high_ = 1;
  FuzzyMatch fuzzy_ = FuzzyMatch::kWRatio;
  HttpSettings http_;
  JudgeOptions judge_;
  std::string version_;
  std::string cache_;
};

std::unique_ptr<Grader> Make(const GraderConfig& config) {
  auto payload = DecodeFields<OpenAiPayload>(config.payload);
  payload.http.name = config.name;
  const bool asks = ParseOpenAiGrader(payload.json, payload.path).AsksModel();
  if (asks) return MakeOpenAiModelGrader(config, std::move(payload));
  return std::make_unique<OpenAiTextGrader>(config, std::move(payload));
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
