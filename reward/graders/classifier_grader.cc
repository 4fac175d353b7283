// The grader type `classifier`: what a file of `temper classifier train` says of an answer, as parts of a grade.
#include <memory>
#include <utility>

#include "cluster/base/bytes.h"
#include "cluster/base/error.h"
#include "cluster/base/hash.h"
#include "reward/classifier/classifier.h"
#include "reward/classifier/file.h"
#include "reward/classifier/sources.h"
#include "reward/graders/class_meaning.h"
#include "reward/graders/registry.h"

namespace temper {
namespace {

class ClassifierGrader : public ImmediateGrader {
 public:
  ClassifierGrader(std::shared_ptr<const ClassifierModel> model, MeaningOptions meaning, std::string id, const std::string& name)
      : classifier_(std::move(model)), grades_(ScaleOf(classifier_.model()), std::move(meaning), name), id_(std::move(id)) {}

  std::string id() const override { return id_; }

 private:
  Grade GradeOne(const GradeRequest& request) override {
    return grades_.GradeOf(classifier_.Classify(request.prompt, request.response).probabilities, request);
  }

  Classifier classifier_;
  const ClassGrades grades_;
  const std::string id_;
};

class ClassifierGraderOptions : public GraderOptions {
 public:
  void Describe(ConfigFields& f) override {
    f.Path("file", &file_, "type classifier: a file that temper classifier train wrote");
    f.Require("file");
    temper::Describe("classifier", meaning_, f);
  }
  std::vector<GradePart> Gives() const override { return ClassGrades::PartsOf(meaning_.means); }
  std::string Payload() const override {
    const std::string bytes = ReadClassifierFile(file_);
    const ClassGrades checked(ScaleOf(*ParseClassifier(bytes, file_)), meaning_, file_);
    ByteWriter out;
    meaning_.Encode(&out);
    out.PutString(bytes);
    return out.Take();
  }
  std::vector<std::string> Files() const override { return {file_}; }
  std::string Reads() const override { return "n-grams of the texts"; }
  std::vector<GraderMeasurement> Measured() const override { return LoadClassifier(file_)->record.measured; }
  std::optional<TrainingRows> TrainedOn() const override { return TrainingRowsOf(*LoadClassifier(file_)); }

 private:
  std::string file_;
  MeaningOptions meaning_;
};

std::unique_ptr<Grader> MakeClassifierGrader(const GraderConfig& config) {
  ByteReader in(config.payload);
  MeaningOptions meaning = MeaningOptions::Decode(&in);
  auto model = ParseClassifier(in.GetString(), config.name);
  in.ExpectEnd();
  return std::make_unique<ClassifierGrader>(std::move(model), std::move(meaning),
                                            Concat("classifier/1:", Hex(Hash64(config.payload)), GivesOf(config)), config.name);
}

}  // namespace

extern const GraderType kClassifierGrader = {
    .name = "classifier",
    .help = "by n-grams, as a file of temper classifier train learned them from labels",
    .gives = {GradePart::kSafety, GradePart::kSeverity, GradePart::kHelpfulnessDirect, GradePart::kMode, GradePart::kOverRefusal},
    .options = []() -> std::unique_ptr<GraderOptions> { return std::make_unique<ClassifierGraderOptions>(); },
    .make = MakeClassifierGrader,
};

}  // namespace temper
