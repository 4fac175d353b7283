// The grader type `probe`: a head on hidden states of a frozen model, as a file of `temper probe train` has it.
#include <memory>
#include <utility>

#include "cluster/base/bytes.h"
#include "cluster/base/error.h"
#include "cluster/base/hash.h"
#include "policy/formats/folder_hash.h"
#include "reward/classifier/sources.h"
#include "reward/graders/class_meaning.h"
#include "reward/graders/registry.h"
#include "reward/probe/hidden_features.h"
#include "reward/probe/probe.h"

namespace temper {
namespace {

// The head travels; the model is read from a folder that every reward worker must reach by this path.
struct ProbePayload {
  MeaningOptions meaning;
  std::string model;  // folder
  std::string probe;  // bytes of the file

  std::string Encode() const {
    ByteWriter out;
    meaning.Encode(&out);
    out.PutString(model);
    out.PutString(probe);
    return out.Take();
  }
  static ProbePayload Decode(const std::string& bytes) {
    ByteReader in(bytes);
    ProbePayload payload;
    payload.meaning = MeaningOptions::Decode(&in);
    payload.model = in.GetString();
    payload.probe = in.GetString();
    in.ExpectEnd();
    return payload;
  }
};

void CheckModel(const Probe& probe, const std::string& folder, const std::string& name) {
  const std::string hash = HashOfHfFolder(folder);
  if (hash != probe.model_hash)
    throw ConfigError(Concat(name, ": model ", folder, " is not the one that the probe was trained on (", probe.model_name,
                             "): its hash is ", hash, ", that one's ", probe.model_hash,
                             "; name the folder with that model, or train the probe again"));
}

class ProbeGrader : public ImmediateGrader {
 public:
  ProbeGrader(const ProbePayload& payload, const std::string& id, const std::string& name)
      : id_(id), probe_(ParseProbe(payload.probe, name)), grades_(ScaleOf(probe_.head), payload.meaning, name) {
    CheckModel(probe_, payload.model, name);
    features_ = std::make_unique<HiddenFeatures>(payload.model, probe_.features);
    if (features_->size() != static_cast<int64_t>(probe_.head.standard.size()))
      throw ConfigError(Concat(name, ": the model gives ", features_->size(), " features; the probe weighs ", probe_.head.standard.size()));
  }

  std::string id() const override { return id_; }

 private:
  std::vector<Grade> GradeBatch(const std::vector<GradeRequest>& requests) override {
    std::vector<ProbeText> texts;
    for (const GradeRequest& request : requests) texts.push_back({request.prompt, request.response});
    std::vector<Grade> out;
    try {
      const std::vector<float> rows = features_->Compute(texts);
      const auto width = static_cast<size_t>(features_->size());
      for (size_t i = 0; i < requests.size(); ++i)
        out.push_back(grades_.GradeOf(ProbabilitiesOf(probe_.head, std::span(rows).subspan(i * width, width)), requests[i]));
    } catch (const std::exception& error) {
      out.assign(requests.size(), FailedGrade(GradeOutcome::kCrash, error.what()));
    }
    return out;
  }

  const std::string id_;
  const Probe probe_;
  const ClassGrades grades_;
  std::unique_ptr<HiddenFeatures> features_;
};

class ProbeGraderOptions : public GraderOptions {
 public:
  void Describe(ConfigFields& f) override {
    f.Path("file", &file_, "type probe: a file that temper probe train wrote");
    f.Path("model", &model_,
           "type probe: the Hugging Face folder that the probe was trained on; every host with reward workers needs it at this path");
    f.Require("file");
    f.Require("model");
    temper::Describe("probe", meaning_, f);
  }
  std::vector<GradePart> Gives() const override { return ClassGrades::PartsOf(meaning_.means); }
  std::string Payload() const override {
    const ProbePayload payload{meaning_, model_, ReadProbeFile(file_)};
    const Probe probe = ParseProbe(payload.probe, file_);
    const ClassGrades checked(ScaleOf(probe.head), meaning_, file_);
    CheckModel(probe, model_, file_);
    return payload.Encode();
  }
  std::vector<std::string> Files() const override { return {file_}; }
  std::string Reads() const override { return "hidden states of a model"; }
  std::vector<GraderMeasurement> Measured() const override { return ParseProbe(ReadProbeFile(file_), file_).head.record.measured; }
  std::optional<TrainingRows> TrainedOn() const override { return TrainingRowsOf(ParseProbe(ReadProbeFile(file_), file_).head); }

 private:
  std::string file_, model_;
  MeaningOptions meaning_;
};

std::unique_ptr<Grader> Make(const GraderConfig& config) {
  const ProbePayload payload = ProbePayload::Decode(config.payload);
  // The folder's place does not change a judgement: the hash in the probe says which model it is.
  ByteWriter judged;
  payload.meaning.Encode(&judged);
  return std::make_unique<ProbeGrader>(payload, Concat("probe/1:", Hash128(judged.bytes() + payload.probe).substr(0, 16), GivesOf(config)),
                                       config.name);
}

}  // namespace

extern const GraderType kProbeGrader = {
    .name = "probe",
    .help = "by hidden states of a frozen model, as temper probe train learned from labels",
    .gives = {GradePart::kSafety, GradePart::kSeverity, GradePart::kHelpfulnessDirect, GradePart::kMode, GradePart::kOverRefusal},
    .options = []() -> std::unique_ptr<GraderOptions> { return std::make_unique<ProbeGraderOptions>(); },
    .make = Make,
};

}  // namespace temper
