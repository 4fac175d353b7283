#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/config/experiment_config.h"
#include "policy/formats/token_rows.h"
#include "policy/tokenizer/tokenizer.h"
#include "reward/spec/policy_spec.h"
#include "rollout/data/prompt.h"
#include "rollout/engine/first_token_gate.h"

namespace temper {

// The special tokens that an answer begins with (policy.mode_tokens): what they are in a tokenizer, which one a demonstration begins with,
// and the gate of a prompt.

// The tokenizer.json with them; unchanged where there are none, or where it has them. ConfigError naming policy.mode_tokens.
std::string WithModeTokens(const std::string& tokenizer_json, const TokenOptions& options);

class ModeTokens {
 public:
  ModeTokens() = default;  // none
  // The tokenizer has the tokens. ConfigError where a category of the settings is none of the policy spec's.
  ModeTokens(const ExperimentConfig& config, const Tokenizer& tokenizer, const PolicySpec& spec);

  bool any() const { return !ids_.empty(); }
  const std::vector<std::string>& names() const { return names_; }  // those of modes, then those of categories

  // The token that an answer of this mode to a prompt of this category begins with, -1 = none. `mode`: of ResponseMode, or the name of a
  // mode token; another word is a ConfigError.
  int64_t MarkOf(const std::string& mode, const std::string& category) const;

  // What rollout.first_token_gate says of a prompt of this category; no tokens where it is empty.
  FirstTokenGate GateOf(const std::string& category) const;
  // A gate over all tokens without a rule.
  FirstTokenGate OpenGate() const;

 private:
  int64_t IdOf(std::string_view name) const;  // -1 = there is none

  TokenOptions options_;
  std::vector<std::string> names_;
  std::vector<int64_t> ids_;
  std::deque<GateEntry> entries_;
};

// The tokens of `options` that a model's folder lacks, with what their embeddings start from; empty where its tokenizer has them all.
// `tokenizer`: with the tokens.
std::vector<TokenRow> MissingTokenRows(const TokenOptions& options, const Tokenizer& tokenizer, const std::string& folder);

// Sets the mode of the demonstrations whose rows have none to what the graders of the config say of
// them, a few at a time. Returns how many could not be graded, which keep none.
int64_t GradeModes(const RewardConfig& reward, std::vector<Demonstration>* demonstrations);

}  // namespace temper
