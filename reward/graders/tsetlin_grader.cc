// The grader type `tsetlin`: what a Tsetlin machine of `temper tsetlin train` says of an answer, as parts of a grade.
#include <map>
#include <optional>
#include <utility>

#include "cluster/base/bytes.h"
#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/hash.h"
#include "reward/graders/class_meaning.h"
#include "reward/graders/registry.h"
#include "reward/tsetlin/classifier.h"
#include "reward/tsetlin/model_file.h"

namespace temper {
namespace {

enum class TsetlinText : uint8_t { kAnswer, kPrompt };

}  // namespace

template <>
struct EnumNames<TsetlinText> {
  static constexpr std::string_view kWhat = "text that a Tsetlin machine reads";
  static constexpr EnumTable<TsetlinText, 2> kTable{{{TsetlinText::kAnswer, "answer"}, {TsetlinText::kPrompt, "prompt"}}};
};

namespace {

// What travels to the workers.
struct TsetlinPayload {
  MeaningOptions meaning;
  TsetlinText reads = TsetlinText::kAnswer;
  std::map<std::string, double> values;  // class -> value; empty = the first of two classes 0, the second 1
  std::string model;                     // bytes of the file

  std::string Encode() const {
    ByteWriter out;
    meaning.Encode(&out);
    out.Put(reads);
    out.Put<uint64_t>(values.size());
    for (const auto& [label, value] : values) {
      out.PutString(label);
      out.Put(value);
    }
    out.PutString(model);
    return out.Take();
  }
  static TsetlinPayload Decode(const std::string& bytes) {
    ByteReader in(bytes);
    TsetlinPayload payload;
    payload.meaning = MeaningOptions::Decode(&in);
    payload.reads = in.Get<TsetlinText>();
    for (uint64_t left = in.GetCount(2 * sizeof(uint64_t)); left > 0; --left) {
      std::string label = in.GetString();
      payload.values[std::move(label)] = in.Get<double>();
    }
    payload.model = in.GetString();
    in.ExpectEnd();
    return payload;
  }
};

// Throws ConfigError where a class has no value that the meaning needs.
ClassScale ScaleOf(const std::vector<std::string>& labels, const TsetlinPayload& payload, const std::string& name) {
  ClassScale scale{labels, {}};
  if (payload.meaning.means == ClassMeaning::kMode) return scale;
  if (payload.values.empty() && labels.size() == 2) return {labels, {0, 1}};
  for (const std::string& label : labels) {
    const auto found = payload.values.find(label);
    if (found == payload.values.end())
      throw ConfigError(Concat(name, ": the class '", label, "' has no value; values: {", label, ": NUMBER} gives it one from 0 to 1"));
    scale.values.push_back(found->second);
  }
  return scale;
}

class TsetlinGrader : public ImmediateGrader {
 public:
  TsetlinGrader(const TsetlinPayload& payload, std::string id, const std::string& name)
      : classifier_(ParseTsetlinModel(payload.model, name)),
        grades_(ScaleOf(classifier_.labels(), payload, name), payload.meaning, name),
        reads_(payload.reads),
        id_(std::move(id)) {}

  std::string id() const override { return id_; }

 private:
  Grade GradeOne(const GradeRequest& request) override {
    const TsetlinVerdict verdict = classifier_.Classify(reads_ == TsetlinText::kAnswer ? request.response : request.prompt);
    return grades_.GradeOf(verdict.shares, request, verdict.label);
  }

  const TsetlinTextClassifier classifier_;
  const ClassGrades grades_;
  const TsetlinText reads_;
  const std::string id_;
};

std::unique_ptr<Grader> MakeTsetlinGrader(const GraderConfig& config) {
  return std::make_unique<TsetlinGrader>(TsetlinPayload::Decode(config.payload),
                                         Concat("tsetlin/1:", Hex(Hash64(config.payload)), GivesOf(config)), config.name);
}

class TsetlinGraderOptions : public GraderOptions {
 public:
  void Describe(ConfigFields& f) override {
    f.Path("file", &file_, "type tsetlin: a file that temper tsetlin train wrote");
    f.Require("file");
    temper::Describe("tsetlin", payload_.meaning, f);
    f.Enum("reads", &payload_.reads, "type tsetlin: the text that it reads");
    f.RealMap("values", &payload_.values, {0, 1},
              "type tsetlin: class -> value, of which the votes' shares make a mean; empty = the first of two classes 0, the second 1");
  }

  std::vector<GradePart> Gives() const override { return ClassGrades::PartsOf(payload_.meaning.means); }

  std::string Payload() const override {
    TsetlinPayload payload = payload_;
    payload.model = ReadModel();
    const std::string bytes = payload.Encode();
    MakeTsetlinGrader({.type = "tsetlin", .name = file_, .payload = bytes});  // a file or a class that does not fit is told now
    return bytes;
  }

  std::vector<std::string> Files() const override { return {file_}; }
  std::optional<TrainingRows> TrainedOn() const override { return ParseTsetlinModel(ReadModel(), file_).source.trained_on; }
  std::string Reads() const override { return "rules over words"; }

 private:
  std::string ReadModel() const {
    return ReadUserFile(
        file_,
        {.what = "the Tsetlin machine", .hint = "temper tsetlin train writes one", .max_bytes = kMaxTsetlinFileBytes, .any_bytes = true});
  }

  std::string file_;
  TsetlinPayload payload_;  // without the model
};

}  // namespace

extern const GraderType kTsetlinGrader = {
    .name = "tsetlin",
    .help = "by rules over words, as a file of temper tsetlin train learned them from labels",
    .gives = {GradePart::kSafety, GradePart::kSeverity, GradePart::kHelpfulnessDirect, GradePart::kMode, GradePart::kOverRefusal},
    .options = []() -> std::unique_ptr<GraderOptions> { return std::make_unique<TsetlinGraderOptions>(); },
    .make = MakeTsetlinGrader,
};

}  // namespace temper
