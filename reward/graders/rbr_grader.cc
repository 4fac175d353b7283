// The grader type `rbr`: propositions of a policy spec, weighed by response type (rule-based rewards, arXiv 2411.01111).
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "cluster/base/bytes.h"
#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/hash.h"
#include "reward/graders/registry.h"
#include "reward/rbr/proposition_files.h"
#include "reward/rbr/proposition_values.h"
#include "reward/rbr/rbr_weights.h"
#include "reward/spec/regex.h"

namespace temper {
namespace {

// What travels to the reward workers.
struct RbrPayload {
  std::string weights;                       // text of the file
  std::string policy_spec;                   // text of the file
  std::string type_from;                     // label | intent | category | a column that reward.sees names
  std::map<std::string, std::string> types;  // value there -> response type
  std::string default_type;
  std::map<std::string, std::string> classifiers;  // proposition -> bytes of its classifier

  std::string Encode() const {
    ByteWriter writer;
    for (const std::string* text : {&weights, &policy_spec, &type_from, &default_type}) writer.PutString(*text);
    for (const auto* texts : {&types, &classifiers}) {
      writer.Put<uint64_t>(texts->size());
      for (const auto& [key, text] : *texts) {
        writer.PutString(key);
        writer.PutString(text);
      }
    }
    return writer.Take();
  }
  static RbrPayload Decode(const std::string& bytes) {
    ByteReader reader(bytes);
    RbrPayload payload;
    for (std::string* text : {&payload.weights, &payload.policy_spec, &payload.type_from, &payload.default_type})
      *text = reader.GetString();
    for (auto* texts : {&payload.types, &payload.classifiers}) {
      for (uint64_t left = reader.GetCount(2 * sizeof(uint64_t)); left > 0; --left) {
        std::string key = reader.GetString();
        (*texts)[std::move(key)] = reader.GetString();
      }
    }
    reader.ExpectEnd();
    return payload;
  }
};

// That the weights are for the spec's propositions, and that every response type named has weights.
void Check(const RbrPayload& payload, const RbrWeights& weights, const PolicySpec& spec, const std::string& name) {
  if (!weights.policy.empty() && weights.policy != spec.hash)
    throw ConfigError(Concat(name, ": the weights were fitted on the propositions of another policy spec (hash ", weights.policy,
                             "; that of policy_spec is ", spec.hash, "): fit them again with temper rbr fit"));
  for (const auto& [type, entry] : weights.types)
    for (const auto& [proposition, weight] : entry.weights)
      if (!spec.propositions.contains(proposition))
        throw ConfigError(Concat(name, ": the weights of ", type, " name the proposition ", proposition, ", which the policy spec lacks"));
  const auto check_type = [&](const char* key, const std::string& type) {
    if (!weights.types.contains(type)) throw ConfigError(Concat(name, ": ", key, ": the weights have no response type '", type, "'"));
  };
  for (const auto& [value, type] : payload.types) check_type("types", type);
  if (!payload.default_type.empty()) check_type("default_type", payload.default_type);
}

class RbrGrader : public ImmediateGrader {
 public:
  RbrGrader(const RbrPayload& payload, const std::string& name, const std::string& gives = "")
      : payload_(payload),
        weights_(ParseRbrWeights(payload.weights, name + " (weights)")),
        spec_(ParsePolicySpec(payload.policy_spec, name + " (policy_spec)")),
        valuer_(spec_, PropositionModels(payload.classifiers, name), name),
        id_(Concat("rbr/", spec_.id, ":", Hash128(payload.Encode()).substr(0, 16), gives)) {
    Check(payload_, weights_, spec_, name);
  }

  std::string id() const override { return id_; }

 private:
  std::optional<std::string> TypeOf(const GradeRequest& request) const {
    const std::string value = ColumnOf(request, payload_.type_from);
    const auto named = payload_.types.find(value);
    if (named != payload_.types.end()) return named->second;
    if (weights_.types.contains(value)) return value;
    if (!payload_.default_type.empty()) return payload_.default_type;
    if (weights_.types.size() == 1) return weights_.types.begin()->first;
    return std::nullopt;
  }

  Grade GradeOne(const GradeRequest& request) override {
    const std::optional<std::string> type = TypeOf(request);
    if (!type)
      return FailedGrade(
          GradeOutcome::kRefusedToGrade,
          Concat("no response type for a row: types and default_type of the grader say nothing of its ", payload_.type_from));
    try {
      Grade grade;
      grade.safety = grade.helpfulness = grade.h_direct = grade.h_indirect =
          RbrReward(weights_.types.at(*type), valuer_.ValuesOf(request.prompt, request.response));
      return grade;
    } catch (const RegexLimitError& error) {
      return FailedGrade(GradeOutcome::kRefusedToGrade, error.what());
    }
  }

  const RbrPayload payload_;
  const RbrWeights weights_;
  const PolicySpec spec_;
  const PropositionValuer valuer_;
  const std::string id_;
};

class RbrOptions : public GraderOptions {
 public:
  void Describe(ConfigFields& f) override {
    f.Path("weights", &weights_, "type rbr: weights of propositions by response type (temper rbr fit)");
    f.Path("policy_spec", &policy_spec_, "type rbr: the policy spec with the propositions that are weighed");
    f.Path("classifiers", &classifiers_,
           "type rbr: a folder of PROPOSITION.clf (temper rbr learn), which say of their propositions what words say of the others");
    f.String("type_from", &type_from_,
             "type rbr: what tells a row's response type: label, intent, category, or a column that reward.sees names");
    f.StringMap("types", &types_, "type rbr: value there -> response type of the weights; a value that is a response type needs no entry");
    f.String("default_type", &default_type_,
             "type rbr: response type of all other rows; empty = they are refused, unless there is one type");
    f.Require("weights");
    f.Require("policy_spec");
  }
  std::string Payload() const override {
    const RbrPayload payload{ReadUserFile(weights_, {.what = "the weights"}),
                             LoadPolicySpec(policy_spec_).text,
                             type_from_,
                             types_,
                             default_type_,
                             ReadPropositionFiles(classifiers_)};
    const RbrGrader checked(payload, weights_);
    return payload.Encode();
  }
  std::vector<std::string> Files() const override {
    std::vector<std::string> files = {weights_, policy_spec_};
    for (const auto& [proposition, bytes] : ReadPropositionFiles(classifiers_))
      files.push_back(Concat(classifiers_, "/", proposition, ".clf"));
    return files;
  }
  // Its weights were fitted to ordered answers, and do not say to which.
  std::optional<TrainingRows> TrainedOn() const override { return TrainingRows(); }
  std::string Reads() const override { return "weighed propositions"; }

 private:
  std::string weights_, policy_spec_, classifiers_;
  std::string type_from_ = "label";
  std::map<std::string, std::string> types_;
  std::string default_type_;
};

std::unique_ptr<Grader> Make(const GraderConfig& config) {
  return std::make_unique<RbrGrader>(RbrPayload::Decode(config.payload), config.name, GivesOf(config));
}

}  // namespace

extern const GraderType kRbrGrader = {
    .name = "rbr",
    .help = "by weighed propositions of a policy spec (rule-based rewards)",
    .gives = {GradePart::kSafety, GradePart::kHelpfulnessDirect, GradePart::kHelpfulnessIndirect},
    .options = []() -> std::unique_ptr<GraderOptions> { return std::make_unique<RbrOptions>(); },
    .make = Make,
};

}  // namespace temper
