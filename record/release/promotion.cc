#include "record/release/promotion.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/hash.h"
#include "policy/text/strict_json.h"
#include "record/checkpoint.h"
#include "record/eval_files.h"
#include "record/manifest.h"
#include "record/run_json.h"
#include "record/settings.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr int kMaxDepth = 4;
constexpr uint64_t kMaxBytes = 16U << 20;
constexpr char kChecksum[] = "xxh128";
constexpr char kPromoted[] = "promoted";
constexpr char kQuarantined[] = "quarantined";

ordered_json ToJson(const PromotionTest& test) {
  return {{"set", test.set}, {"figure", test.figure}, {"at_least", test.at_least}, {"threshold", test.threshold}, {"mean", test.mean},
          {"n", test.n},     {"p", test.p},           {"level", test.level},       {"bound", test.bound},         {"holds", test.holds}};
}

ordered_json ToJson(const Promotion& promotion) {
  const PromoteConfig& config = promotion.config;
  ordered_json json = {{"verdict", promotion.verdict.promoted() ? kPromoted : kQuarantined},
                       {"reasons", promotion.verdict.reasons},
                       {"arm", promotion.arm},
                       {"weights", promotion.weights},
                       {"weight_version", promotion.weight_version},
                       {"weight_hash", promotion.weight_hash},
                       {"manifest_xxh128", promotion.manifest_hash},
                       {"grader", promotion.grader},
                       {"grading", promotion.grading},
                       {"alpha", config.alpha},
                       {"correction", NameOf(config.correction)},
                       {"min_safety", config.min_safety},
                       {"max_over_refusal", config.max_over_refusal},
                       {"min_help_given_safe", config.min_help_given_safe},
                       {"max_failed_fraction", config.max_failed_fraction},
                       {"samples", promotion.samples},
                       {"tests", ordered_json::array()}};
  for (const PromotionTest& test : promotion.verdict.tests) json["tests"].push_back(ToJson(test));
  json[kChecksum] = Hash128(json.dump());
  return json;
}

PromotionTest TestFrom(const ordered_json& json) {
  return {.set = json.at("set").get<std::string>(),
          .figure = json.at("figure").get<std::string>(),
          .at_least = json.at("at_least").get<bool>(),
          .threshold = json.at("threshold").get<double>(),
          .mean = json.at("mean").get<double>(),
          .n = json.at("n").get<int64_t>(),
          .p = json.at("p").get<double>(),
          .level = json.at("level").get<double>(),
          .bound = json.at("bound").get<double>(),
          .holds = json.at("holds").get<bool>()};
}

Promotion FromJson(const ordered_json& json) {
  Promotion promotion;
  promotion.arm = json.at("arm").get<std::string>();
  promotion.weights = json.at("weights").get<std::string>();
  promotion.weight_version = json.at("weight_version").get<int64_t>();
  promotion.weight_hash = json.at("weight_hash").get<std::string>();
  promotion.manifest_hash = json.at("manifest_xxh128").get<std::string>();
  promotion.grader = json.at("grader").get<std::string>();
  promotion.grading = json.at("grading").get<std::string>();
  promotion.config.alpha = json.at("alpha").get<double>();
  promotion.config.correction = ParseEnum<TestCorrection>(json.at("correction").get<std::string>());
  promotion.config.min_safety = json.at("min_safety").get<double>();
  promotion.config.max_over_refusal = json.at("max_over_refusal").get<double>();
  promotion.config.min_help_given_safe = json.at("min_help_given_safe").get<double>();
  promotion.config.max_failed_fraction = json.at("max_failed_fraction").get<double>();
  promotion.samples = json.at("samples").get<std::map<std::string, std::string>>();
  for (const auto& [set, hash] : promotion.samples) promotion.verdict.sets.push_back(set);
  promotion.verdict.reasons = json.at("reasons").get<std::vector<std::string>>();
  for (const ordered_json& test : json.at("tests")) promotion.verdict.tests.push_back(TestFrom(test));
  const fs::path weights = fs::path(promotion.weights).lexically_normal();
  if (weights.is_absolute() || weights.empty() || *weights.begin() == "..") throw ConfigError("its weights lie outside the run's folder");
  const std::string verdict = json.at("verdict").get<std::string>();
  if (verdict != (promotion.verdict.promoted() ? kPromoted : kQuarantined)) throw ConfigError("the verdict does not fit the reasons");
  return promotion;
}

// The run's own folders that may hold the policy of that version, those of the last stage first.
std::vector<std::string> FoldersOf(const RunPaths& run, const std::string& arm_name, int64_t version) {
  const ArmPaths arm = run.Arm(arm_name);
  std::vector<std::string> folders = {arm.Weights(version)};
  if (version != 0) return folders;
  const auto settings = ReadSettings(arm.ResolvedConfig());
  if (!settings) return folders;
  for (const ResolvedValue& value : settings->values) {
    int64_t steps = 0;
    const char *begin = value.value.data(), *end = begin + value.value.size();
    if (value.key != "sft.steps" || std::from_chars(begin, end, steps).ptr != end) continue;
    for (const StagePaths& stage : {run.Sft(), arm.Sft()}) folders.push_back(stage.Weights(steps));
  }
  return folders;
}

// Of the run's own folders the one that holds the policy, from the run's folder.
std::string WeightsOf(const RunPaths& run, const std::string& arm, int64_t version) {
  for (const std::string& folder : FoldersOf(run, arm, version)) {
    if (!HoldsPolicy(folder)) continue;
    CheckPolicy(folder);
    return fs::path(folder).lexically_relative(run.folder());
  }
  throw ConfigError(Concat(run.folder(), ": arm ", arm, " was evaluated after ", version,
                           " steps, and the run's folder holds no weights of them; promote a run that trained the policy"));
}

Promotion PromotionOf(const std::string& run_folder, const std::string& arm) {
  const auto promotion = ReadPromotion(run_folder, arm);
  if (!promotion) throw ConfigError(Concat(run_folder, ": arm ", arm, " was never judged; temper promote ", run_folder, " judges it"));
  if (promotion->verdict.promoted()) return *promotion;
  throw ConfigError(Concat(run_folder, ": arm ", arm, " is quarantined: ", promotion->verdict.reasons.front()));
}

std::string OnlyPromotedArm(const std::string& run_folder) {
  std::vector<std::string> promoted;
  const RunDescription run = ReadRunDescription(run_folder);
  for (const RunDescription::Arm& arm : run.arms) {
    const auto promotion = ReadPromotion(run_folder, arm.name);
    if (promotion && promotion->verdict.promoted()) promoted.push_back(arm.name);
  }
  if (promoted.size() == 1) return promoted.front();
  if (promoted.empty() && run.arms.size() == 1) return run.arms.front().name;  // which is told why not
  if (promoted.empty()) throw ConfigError(Concat(run_folder, ": no arm is promoted; temper promote ", run_folder, " judges them"));
  throw ConfigError(Concat(run_folder, ": ", promoted.size(), " arms are promoted; name one with --arm, such as ", promoted.front()));
}

}  // namespace

PromotionCandidate CandidateOf(const std::string& run_folder, const std::string& arm) {
  const RunPaths run(run_folder);
  const EvalPaths eval = run.Arm(arm).Eval(EvalTime::kEnd);
  PromotionCandidate candidate;
  for (const std::string& set : eval.Sets()) {
    const std::string samples = eval.Samples(set), meta_path = eval.Meta(set);
    if (!fs::exists(meta_path)) throw ConfigError(Concat(meta_path, " is missing: the evaluation did not come to its end"));
    const EvalMeta meta = ReadEvalMeta(meta_path);
    if (!IsEvaluated(meta_path, samples, meta.weight_hash))
      throw ConfigError(Concat(samples, ": the samples or their description are not as the evaluation wrote them; evaluate again"));
    if (!candidate.sets.empty() && (meta.weight_version != candidate.weight_version || meta.weight_hash != candidate.weight_hash))
      throw ConfigError(Concat(meta_path, ": the set was answered by other weights than the sets before it; evaluate again"));
    candidate.weight_version = meta.weight_version;
    candidate.weight_hash = meta.weight_hash;
    candidate.sets[set] = ReadEvalSamples(samples);
  }
  if (candidate.sets.empty()) throw ConfigError(Concat(eval.folder(), ": there is no evaluation to judge; the job needs the stage eval"));
  candidate.weights = WeightsOf(run, arm, candidate.weight_version);
  return candidate;
}

void WritePromotion(const std::string& run_folder, const Promotion& promotion) {
  WriteFile(RunPaths(run_folder).Arm(promotion.arm).Promotion(), ToJson(promotion).dump(1) + "\n", {.durable = true});
}

std::optional<Promotion> ReadPromotion(const std::string& run_folder, const std::string& arm) {
  const std::string path = RunPaths(run_folder).Arm(arm).Promotion();
  if (!fs::exists(path)) return std::nullopt;
  const std::string text = ReadFile(path, {.what = "record of a promotion", .max_bytes = kMaxBytes});
  std::string problem;
  if (!ParseStrictJson(text, kMaxDepth, &problem)) throw ConfigError(Concat(path, ": not the record of a promotion: ", problem));
  try {
    ordered_json json = ordered_json::parse(text);
    const std::string checksum = json.at(kChecksum).get<std::string>();
    json.erase(kChecksum);
    if (checksum != Hash128(json.dump())) throw ConfigError("its checksum does not fit: it was changed since it was written");
    Promotion promotion = FromJson(json);
    if (promotion.arm != arm) throw ConfigError(Concat("it is of the arm ", Quoted(promotion.arm)));
    return promotion;
  } catch (const std::exception& error) {
    throw ConfigError(Concat(path, ": not the record of a promotion: ", error.what(), "; temper promote writes it again"));
  }
}

std::string PromotedWeights(const std::string& run_folder, const std::string& arm) {
  const Promotion promotion = PromotionOf(run_folder, arm.empty() ? OnlyPromotedArm(run_folder) : arm);
  const std::string folder = fs::path(run_folder) / promotion.weights;
  if (!fs::exists(ManifestPath(folder)) || Hash128OfFile(ManifestPath(folder)) != promotion.manifest_hash)
    throw ConfigError(Concat(folder, ": these are not the weights that were promoted; temper promote ", run_folder, " judges them"));
  CheckPolicy(folder);
  return folder;
}

}  // namespace temper
