#include "orchestrator/data/mode_tokens.h"

#include <algorithm>

#include "cluster/base/error.h"
#include "policy/text/strict_json.h"
#include "policy/tokenizer/token_addition.h"
#include "reward/graders/panel.h"

namespace temper {
namespace {

constexpr size_t kGradedAtOnce = 64;  // their deadline is one

constexpr char kRefuse[] = "refuse";  // a usual name of a token

bool Refuses(std::string_view mode) {
  return mode == NameOf(ResponseMode::kRedirect) || mode == NameOf(ResponseMode::kBareRefusal) || mode == kRefuse;
}

// Names of tokens for a mode that has none of its own name, in the order they are looked for.
std::vector<std::string> NamesFor(std::string_view mode) {
  if (mode == NameOf(ResponseMode::kSafeCompletion)) return {"safe_complete"};
  if (mode == NameOf(ResponseMode::kRedirect)) return {kRefuse};
  if (mode == NameOf(ResponseMode::kBareRefusal)) return {kRefuse, "redirect"};
  return {};
}

void CheckCategory(const PolicySpec& spec, const std::string& category, const char* key) {
  const std::string problem = CategoryProblem(spec, category);
  if (!problem.empty()) throw ConfigError(Concat(key, ": ", problem));
}

}  // namespace

std::string WithModeTokens(const std::string& tokenizer_json, const TokenOptions& options) {
  try {
    return WithSpecialTokens(tokenizer_json, TokenSpellings(options));
  } catch (const ConfigError& error) {
    throw ConfigError(Concat("policy.mode_tokens: ", error.what()));
  }
}

ModeTokens::ModeTokens(const ExperimentConfig& config, const Tokenizer& tokenizer, const PolicySpec& spec)
    : options_(config.policy.tokens), names_(options_.Names()), entries_(config.rollout.first_token_gate) {
  for (const std::string& name : names_) {
    ids_.push_back(tokenizer.IdOf(TokenSpelling(name)));
    TEMPER_CHECK(ids_.back() >= 0, "the tokenizer lacks the token ", TokenSpelling(name));
  }
  for (const std::string& category : options_.category_tokens) CheckCategory(spec, category, "policy.category_tokens");
  for (const GateEntry& entry : entries_)
    if (!entry.category.empty()) CheckCategory(spec, entry.category, "rollout.first_token_gate[].category");
}

int64_t ModeTokens::IdOf(std::string_view name) const {
  const auto found = std::find(names_.begin(), names_.end(), name);
  return found == names_.end() ? -1 : ids_[static_cast<size_t>(found - names_.begin())];
}

int64_t ModeTokens::MarkOf(const std::string& mode, const std::string& category) const {
  const std::vector<std::string>& own = options_.mode_tokens;
  const bool is_token = std::find(own.begin(), own.end(), mode) != own.end();
  if (!is_token && !ValueOf<ResponseMode>(mode))
    throw ConfigError(Concat("data.columns.mode: ", Quoted(mode), " is neither a mode (", AllNames<ResponseMode>(),
                             ") nor a name of policy.mode_tokens"));
  const std::vector<std::string>& categories = options_.category_tokens;
  if (Refuses(mode) && std::find(categories.begin(), categories.end(), category) != categories.end()) return IdOf(category);
  if (const auto given = options_.mode_token_of.find(mode); given != options_.mode_token_of.end()) return IdOf(given->second);
  if (is_token) return IdOf(mode);
  for (const std::string& name : NamesFor(mode))
    if (std::find(own.begin(), own.end(), name) != own.end()) return IdOf(name);
  return -1;
}

FirstTokenGate ModeTokens::OpenGate() const {
  FirstTokenGate gate;
  for (const int64_t id : ids_) gate.tokens.push_back({.id = id});
  return gate;
}

FirstTokenGate ModeTokens::GateOf(const std::string& category) const {
  if (entries_.empty()) return {};
  FirstTokenGate gate = OpenGate();
  for (const bool of_category : {false, true}) {  // what is said of the category has the last word
    for (const GateEntry& entry : entries_) {
      if (entry.category.empty() == of_category || (of_category && entry.category != category)) continue;
      const auto token = static_cast<size_t>(std::find(names_.begin(), names_.end(), entry.token) - names_.begin());
      gate.tokens[token] = {.id = ids_[token], .bias = entry.bias, .threshold = entry.threshold};
    }
  }
  return gate;
}

std::vector<TokenRow> MissingTokenRows(const TokenOptions& options, const Tokenizer& tokenizer, const std::string& folder) {
  std::vector<TokenRow> rows;
  if (!options.any()) return rows;
  const auto before = LoadTokenizer(folder);
  for (const std::string& name : options.Names()) {
    if (before->IdOf(TokenSpelling(name)) >= 0) continue;
    TokenRow row{.id = tokenizer.IdOf(TokenSpelling(name)), .from = {}};
    // As they stand within a sentence, where most vocabularies have the space before a word in its token.
    for (const int32_t id : before->Encode(" " + options.WordsOf(name))) row.from.push_back(id);
    if (row.from.empty()) throw ConfigError(Concat("policy.token_words: the words of ", name, " give no token of the model"));
    rows.push_back(std::move(row));
  }
  return rows;
}

int64_t GradeModes(const RewardConfig& reward, std::vector<Demonstration>* demonstrations) {
  std::vector<Demonstration*> open;
  for (Demonstration& demonstration : *demonstrations)
    if (demonstration.mode.empty()) open.push_back(&demonstration);
  if (open.empty()) return 0;
  const GraderPlan plan = PlanOf(reward);
  const auto grader = MakeGraders(plan);
  int64_t failed = 0;
  for (size_t first = 0; first < open.size(); first += kGradedAtOnce) {
    const size_t end = std::min(open.size(), first + kGradedAtOnce);
    std::vector<GradeRequest> requests;
    for (size_t i = first; i < end; ++i) requests.push_back({open[i]->prompt.text, open[i]->response, open[i]->category});
    const std::vector<Grade> grades = GradeAll(grader.get(), std::move(requests), plan.deadline_s);
    for (size_t i = first; i < end; ++i) {
      const Grade& grade = grades.at(i - first);
      if (grade.outcome == GradeOutcome::kOk) open[i]->mode = NameOf(grade.mode);
      failed += grade.outcome == GradeOutcome::kOk ? 0 : 1;
    }
  }
  return failed;
}

}  // namespace temper
