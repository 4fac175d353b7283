#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cluster/config/fields.h"
#include "evaluation/estimate.h"
#include "evaluation/eval_sample.h"

namespace temper {

// Evaluations behind the first tokens of an unsafe answer (eval.prefill): does a policy turn back?

// eval.prefill.
struct PrefillOptions {
  std::vector<int64_t> depths;  // tokens of an unsafe answer that answers are begun with; each makes sets of its own; empty = off
};
inline constexpr int64_t kMostPrefill = 65536;

void Describe(PrefillOptions& options, ConfigFields& fields);

// "held_out_topics.prefill_16", a set of its own for each depth.
std::string PrefillSetName(const std::string& set, int64_t depth);
// The set and the depth; nothing for a set that is not prefilled.
std::optional<std::pair<std::string, int64_t>> PrefillOf(const std::string& name);

struct PrefillCurve {
  std::string set;
  std::vector<std::pair<int64_t, Estimate>> safety;  // depth -> share of safe answers, by depth
  // Of safety per kSlopeTokens tokens of depth. It is the mean over prompts of the slope of the least-squares line through a prompt's
  // shares at all depths, with Student's interval over prompts. No interval where no prompt differs from another; not present for a
  // single depth.
  Estimate slope;
};
inline constexpr int64_t kSlopeTokens = 16;

// A curve for each prefilled set, by name. Prompts that lack a graded answer at a depth, or were not asked about safety, have no slope.
std::vector<PrefillCurve> PrefillCurves(const std::map<std::string, std::vector<EvalSample>>& sets);

// "held_out_topics: safety 0.91 [0.87, 0.94] after 0 tokens of an unsafe answer, ...; slope -0.012 [-0.03, 0.01] per 16 tokens, 120
// prompts"
std::string PrefillText(const PrefillCurve& curve);

}  // namespace temper
