#include "views/report/browser.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "views/page/escape.h"
#include "views/page/format.h"
#include "views/report/answers.h"
#include "views/report/render.h"

namespace temper {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kSampleOverhead = 72;  // bytes of a sample in JSON beside its texts, about
constexpr size_t kPromptOverhead = 60;

bool Graded(const EvalSample& sample) { return sample.grade.outcome == GradeOutcome::kOk; }

void AddSet(const ArmRecord& arm, size_t index, const std::string& set, bool start, BrowserSamples* all) {
  const std::string stored = start ? "start/" + set : set;
  const auto samples = arm.evaluations.find(stored);
  if (samples == arm.evaluations.end()) return;
  const auto rewards = arm.eval_rewards.find(stored);
  for (size_t i = 0; i < samples->second.size(); ++i) {
    BrowserSample sample{index, set, start, &samples->second[i], std::nullopt};
    if (rewards != arm.eval_rewards.end() && i < rewards->second.size() && std::isfinite(rewards->second[i]))
      sample.reward = rewards->second[i];
    all->samples.push_back(std::move(sample));
  }
}

// Smaller goes into the page first.
auto Rank(const BrowserSample& sample) {
  const Grade& grade = sample.sample->grade;
  const int kind = !Graded(*sample.sample) ? 1 : grade.severity > Severity::kNone ? 0 : grade.over_refusal ? 2 : 3;
  return std::make_tuple(kind, kind == 0 ? -static_cast<int>(grade.severity) : 0, KeyOf("browser/" + sample.sample->prompt_id));
}

// Strings that many samples share, written once.
class StringTable {
 public:
  int64_t IndexOf(const std::string& text) {
    const auto [at, added] = indices_.emplace(text, static_cast<int64_t>(strings_.size()));
    if (added) strings_.push_back(VisibleText(text));
    return at->second;
  }
  Json strings() const { return strings_; }

 private:
  std::map<std::string, int64_t> indices_;
  std::vector<std::string> strings_;
};

// The tables of the page's data, filled while the samples are written.
struct Tables {
  StringTable clauses, propositions, outcomes;
  std::map<std::tuple<std::string, std::string, std::string, std::string>, int64_t> prompt_indices;
  Json prompts = Json::array();

  int64_t PromptOf(const EvalSample& sample) {
    const auto [at, added] = prompt_indices.emplace(std::make_tuple(sample.prompt_id, sample.intent, sample.category, sample.prompt),
                                                    static_cast<int64_t>(prompts.size()));
    if (added)
      prompts.push_back(
          {VisibleText(sample.prompt_id), VisibleText(sample.intent), VisibleText(sample.category), VisibleText(ShownPart(sample.prompt))});
    return at->second;
  }
};

double Rounded(double value) { return std::round(value * 1000) / 1000; }

// [arm, set, prompt, reward, pieces, cut, outcome, s, h, h_direct, h_indirect, severity, mode, clause, refused, verdicts], the last nine
// only where there is a grade; verdicts, a line for each grader, only where there were several.
Json SampleJson(const BrowserSample& browsed, int64_t arm, int64_t set, Tables* tables) {
  const EvalSample& sample = *browsed.sample;
  const Grade& grade = sample.grade;
  Json pieces = Json::array();
  for (const AnswerPiece& piece : MarkedPieces(ShownPart(sample.response), grade.evidence)) {
    const std::string text = VisibleText(piece.text);
    if (piece.evidence < 0) {
      pieces.push_back(text);
    } else {
      pieces.push_back({tables->propositions.IndexOf(grade.evidence[static_cast<size_t>(piece.evidence)].proposition), text});
    }
  }
  Json json = {arm,
               set,
               tables->PromptOf(sample),
               browsed.reward ? Json(Rounded(*browsed.reward)) : Json(nullptr),
               std::move(pieces),
               sample.truncated ? 1 : 0};
  if (!Graded(sample)) {
    json.push_back(tables->outcomes.IndexOf(Concat(NameOf(grade.outcome), grade.error.empty() ? "" : ": ", grade.error)));
    return json;
  }
  json.push_back(tables->outcomes.IndexOf("ok"));
  for (const double value : {grade.safety, grade.helpfulness, grade.h_direct, grade.h_indirect}) json.push_back(Rounded(value));
  json.push_back(static_cast<int>(grade.severity));
  json.push_back(static_cast<int>(grade.mode));
  json.push_back(tables->clauses.IndexOf(grade.clause));
  json.push_back(grade.over_refusal ? 2 : grade.refused ? 1 : 0);
  if (grade.verdicts.empty()) return json;
  json.push_back(Json::array());
  for (const Verdict& verdict : grade.verdicts) json.back().push_back(VisibleText(VerdictText(verdict)));
  return json;
}

// What the answers before RL are called in the list of arms, one name for each arm that stored some.
std::map<size_t, std::string> StartNames(const BrowserSamples& samples, const Report& report) {
  std::map<size_t, std::string> names;
  for (const BrowserSample& sample : samples.samples) {
    if (sample.start) names[sample.arm] = "before RL";
  }
  if (names.size() > 1) {
    for (auto& [arm, name] : names) name += " (" + Prose(report.arms[arm].name) + ")";
  }
  return names;
}

std::string Select(const std::string& name, const std::string& label, const std::vector<std::pair<std::string, std::string>>& options) {
  std::string out = Concat("<label>", label, "<select name=\"", name, "\">");
  for (const auto& [value, text] : options) out += Concat("<option value=\"", value, "\">", text, "</option>");
  return out + "</select></label>";
}

// Options of the lists that the data decides are added by the script.
std::string Controls() {
  const std::pair<std::string, std::string> any = {"", "any"};
  return "<form class=\"filters\" role=\"search\" aria-label=\"Filter the answers\">" + Select("arm", "Arm", {any}) +
         Select("set", "Set", {any}) + Select("intent", "Intent", {any}) + Select("category", "Category", {any}) +
         Select("clause", "Clause violated", {any}) + Select("severity", "Severity", {any}) + Select("mode", "Mode", {any}) +
         Select("refused", "Refusal", {any, {"=2", "refused though permitted"}, {"=1", "refused, not permitted"}, {"=0", "not refused"}}) +
         Select("cut", "Token limit", {any, {"=1", "cut at the limit"}, {"=0", "not cut"}}) +
         "<label class=\"wide\">Words in prompt or answer<input type=\"search\" name=\"text\" autocomplete=\"off\" "
         "spellcheck=\"false\"/></label>" +
         Select("sort", "Order",
                {{"", "as stored"},
                 {"severity", "most severe first"},
                 {"low", "lowest reward first"},
                 {"high", "highest reward first"},
                 {"prompt", "by prompt"}}) +
         "<button type=\"reset\">Clear</button></form>";
}

}  // namespace

BrowserSamples ChooseBrowserSamples(const Report& report, size_t max_bytes) {
  BrowserSamples all;
  for (const bool start : {false, true}) {
    for (size_t arm = 0; arm < report.arms.size(); ++arm) {
      for (const std::string& set : report.sets) AddSet(report.record->arms[arm], arm, set, start, &all);
    }
  }
  all.total = static_cast<int64_t>(all.samples.size());
  std::vector<size_t> order(all.samples.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return Rank(all.samples[a]) < Rank(all.samples[b]); });
  std::set<std::string> prompts;
  size_t bytes = 0, kept = 0;
  for (; kept < order.size(); ++kept) {
    const EvalSample& sample = *all.samples[order[kept]].sample;
    bytes += std::min(sample.response.size(), kShownBytes) + kSampleOverhead;
    if (prompts.insert(sample.prompt_id).second) bytes += std::min(sample.prompt.size(), kShownBytes) + kPromptOverhead;
    if (bytes > max_bytes) break;
  }
  order.resize(kept);
  std::sort(order.begin(), order.end());
  std::vector<BrowserSample> chosen;
  for (const size_t i : order) chosen.push_back(all.samples[i]);
  all.samples = std::move(chosen);
  return all;
}

std::string BrowserData(const Report& report, const BrowserSamples& samples) {
  Tables tables;
  const std::map<size_t, std::string> starts = StartNames(samples, report);
  Json arms = Json::array(), sets = Json::array(), severities = Json::array(), modes = Json::array(), rows = Json::array();
  for (const ArmReport& arm : report.arms) arms.push_back(VisibleText(Prose(arm.name)));
  std::map<size_t, int64_t> start_arms;
  for (const auto& [arm, name] : starts) {
    start_arms[arm] = static_cast<int64_t>(arms.size());
    arms.push_back(VisibleText(name));
  }
  for (const std::string& set : report.sets) sets.push_back(VisibleText(Prose(set)));
  for (int i = 0; i < kNumSeverities; ++i) severities.push_back(NameOf(static_cast<Severity>(i)));
  for (int i = 0; i < kNumModes; ++i) modes.push_back(Prose(NameOf(static_cast<ResponseMode>(i))));
  for (const BrowserSample& sample : samples.samples) {
    const int64_t arm = sample.start ? start_arms.at(sample.arm) : static_cast<int64_t>(sample.arm);
    const int64_t set = std::find(report.sets.begin(), report.sets.end(), sample.set) - report.sets.begin();
    rows.push_back(SampleJson(sample, arm, set, &tables));
  }
  const Json fields = {"arm",         "set",    "prompt",   "reward",   "pieces", "cut",    "outcome", "safety",
                       "helpfulness", "direct", "indirect", "severity", "mode",   "clause", "refused", "verdicts"};
  const Json json = {{"arms", arms},
                     {"sets", sets},
                     {"severities", severities},
                     {"modes", modes},
                     {"clauses", tables.clauses.strings()},
                     {"propositions", tables.propositions.strings()},
                     {"outcomes", tables.outcomes.strings()},
                     {"prompt_fields", {"id", "intent", "category", "text"}},
                     {"prompts", tables.prompts},
                     {"fields", fields},
                     {"samples", rows}};
  return EscapeJsonForHtml(json.dump());
}

std::string HtmlBrowser(const Report& report, size_t max_bytes) {
  const BrowserSamples samples = ChooseBrowserSamples(report, max_bytes);
  if (samples.samples.empty()) return "";
  const auto shown = static_cast<int64_t>(samples.samples.size());
  const std::string how =
      shown == samples.total ? Concat("All ", Thousands(shown), " answers that the run stored.")
                             : Concat(Thousands(shown), " of the ", Thousands(samples.total), " answers that the run stored; ",
                                      Thousands(samples.total - shown),
                                      " are left out to keep the page small: unsafe, ungraded and wrongly refused ones go in first, then "
                                      "the rest by a hash of the "
                                      "prompt's id. So shares here are not the run's; all answers are in <code>ARM/eval/SET.jsonl</code>.");
  return "<div id=\"browser\" class=\"browser\" hidden=\"hidden\"><h3>Browse the answers</h3><p class=\"note\">" + how +
         " In the list and in the answer the arrow keys, or <kbd>j</kbd> and <kbd>k</kbd>, go to the next and the one before.</p>" +
         Controls() +
         "<p id=\"matches\" role=\"status\"></p><div class=\"split\"><div><ul id=\"hits\" role=\"listbox\" tabindex=\"0\" "
         "aria-label=\"Matching answers\"></ul><div class=\"steps\"><button type=\"button\" id=\"page-back\">Earlier</button><span "
         "id=\"page\"></span><button type=\"button\" id=\"page-on\">Later</button></div></div><article id=\"answer\" class=\"talk\" "
         "tabindex=\"0\" aria-label=\"Selected answer\"></article></div></div><script type=\"application/json\" id=\"samples\">" +
         BrowserData(report, samples) + "</script>\n";
}

}  // namespace temper
