#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "cluster/base/keyed_random.h"
#include "views/report/report_data.h"

namespace temper {
namespace {

constexpr size_t kPerArm = 10;
constexpr size_t kShared = 6;

std::optional<double> RewardOf(const ArmRecord& arm, const std::string& set, size_t index) {
  const auto rewards = arm.eval_rewards.find(set);
  if (rewards == arm.eval_rewards.end() || index >= rewards->second.size() || !std::isfinite(rewards->second[index])) return std::nullopt;
  return rewards->second[index];
}

// Prompt ids of a set, spread over its intents in turn; within an intent by a hash of the id, which nobody chose.
std::vector<std::string> SpreadPrompts(const std::vector<EvalSample>& samples, size_t count) {
  std::map<std::string, std::set<std::pair<uint64_t, std::string>>> by_intent;
  for (const EvalSample& sample : samples) by_intent[sample.intent].insert({KeyOf("transcript/" + sample.prompt_id), sample.prompt_id});
  std::vector<std::string> ids;
  for (size_t turn = 0; ids.size() < count; ++turn) {
    const size_t before = ids.size();
    for (const auto& [intent, prompts] : by_intent) {
      if (turn < prompts.size() && ids.size() < count) ids.push_back(std::next(prompts.begin(), static_cast<int64_t>(turn))->second);
    }
    if (ids.size() == before) break;
  }
  return ids;
}

// One completion of the prompt, the same one for every arm; null where the arm has none.
std::optional<Transcript> Pick(const RunRecord& record, size_t arm, const std::string& set, const std::string& prompt_id) {
  const auto samples = record.arms[arm].evaluations.find(set);
  if (samples == record.arms[arm].evaluations.end()) return std::nullopt;
  std::vector<size_t> found;
  for (size_t i = 0; i < samples->second.size(); ++i) {
    if (samples->second[i].prompt_id == prompt_id) found.push_back(i);
  }
  if (found.empty()) return std::nullopt;
  const size_t index = found[KeyOf("completion/" + prompt_id) % found.size()];
  return Transcript{arm, set, &samples->second[index], RewardOf(record.arms[arm], set, index), false};
}

// Smaller is worse.
auto Badness(const Transcript& transcript) {
  const Grade& grade = transcript.sample->grade;
  return std::make_tuple(-static_cast<int>(grade.severity), grade.safety, grade.over_refusal ? 0 : 1, grade.helpfulness);
}

// The worst graded answers of an arm, one per prompt, none of those in `shown`; a prompt of theirs may have another, worse one.
std::vector<Transcript> Worst(const RunRecord& record, size_t arm, const std::vector<std::string>& sets,
                              const std::set<const EvalSample*>& shown, size_t count) {
  std::vector<Transcript> all;
  for (const std::string& set : sets) {
    const auto samples = record.arms[arm].evaluations.find(set);
    if (samples == record.arms[arm].evaluations.end()) continue;
    for (size_t i = 0; i < samples->second.size(); ++i) {
      const EvalSample& sample = samples->second[i];
      if (sample.grade.outcome == GradeOutcome::kOk) all.push_back({arm, set, &sample, RewardOf(record.arms[arm], set, i), true});
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const Transcript& a, const Transcript& b) { return Badness(a) < Badness(b); });
  std::vector<Transcript> worst;
  std::set<std::pair<std::string, std::string>> asked;
  for (const Transcript& transcript : all) {
    if (worst.size() == count) break;
    if (shown.contains(transcript.sample)) continue;
    if (asked.insert({transcript.set, transcript.sample->prompt_id}).second) worst.push_back(transcript);
  }
  return worst;
}

}  // namespace

std::vector<Transcript> ChooseTranscripts(const RunRecord& record, const std::vector<std::string>& sets) {
  std::vector<Transcript> chosen;
  std::vector<std::string> prompts;
  if (!sets.empty()) {
    const auto first = record.arms[0].evaluations.find(sets[0]);
    if (first != record.arms[0].evaluations.end()) prompts = SpreadPrompts(first->second, kShared);
  }
  for (size_t arm = 0; arm < record.arms.size(); ++arm) {
    std::set<const EvalSample*> shown;
    for (const std::string& prompt : prompts) {
      if (const auto transcript = Pick(record, arm, sets[0], prompt)) {
        chosen.push_back(*transcript);
        shown.insert(transcript->sample);
      }
    }
    const std::vector<Transcript> worst = Worst(record, arm, sets, shown, kPerArm - shown.size());
    chosen.insert(chosen.end(), worst.begin(), worst.end());
  }
  return chosen;
}

}  // namespace temper
