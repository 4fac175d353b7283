#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cluster/metrics/answer_metric.h"
#include "cluster/metrics/metric_sink.h"
#include "orchestrator/flow/job_bus.h"
#include "reward/compose/composer.h"

namespace temper {

// One group after composing.
struct ScoredGroup {
  GradedGroup graded;
  std::vector<RewardParts> parts;
  bool dead = false;
};

// An answer of the group as metrics of answers see it; the texts are borrowed.
AnswerView ViewOf(const ScoredGroup& group, size_t sample);

// reward/*, safety/*, answer/*, response/*, grader/*, off_policy/* and queue waits of the groups of
// one step. They are of all groups sampled for it, the dead and the replaced ones included: an
// unbiased sample of the prompts. `step` is an index, here and below.
StepRow SummarizeGroups(const std::vector<const ScoredGroup*>& groups, int64_t step);

// prompts/rewritten_share of the same groups.
double RewrittenShare(const std::vector<const ScoredGroup*>& groups);

// advantage/* of the graded completions of the groups that are alive; before a KL penalty.
void SummarizeAdvantages(std::vector<double> advantages, StepRow* row);

// perf/* that divide amounts by times of the same row.
void AddRates(std::map<std::string, double>* values);

// cluster/*, queue/* and sync/*: where the job stands when the step ends.
void AddJobCounts(const JobBus& bus, const WeightRef& published, std::map<std::string, double>* values);

// eval/<set>/* of the completions of one set. rewards: of each completion, by the arm's composer; truncated: completions that were cut.
std::map<std::string, double> SummarizeEvaluation(const std::string& set, const std::vector<Grade>& grades,
                                                  const std::vector<RewardParts>& rewards, double truncated);

// Text of a step's traces/step_<N>.jsonl: prompt, responses, grades and rewards of the first `count` groups.
std::string TraceLines(const std::vector<const ScoredGroup*>& groups, int64_t step, int64_t count);

// The same as Markdown, one text a group: "transcript/0", ...
std::vector<std::pair<std::string, std::string>> Transcripts(const std::vector<const ScoredGroup*>& groups, int64_t count);

// Text of audit.jsonl of one step: a line for each answer of the groups of `trained`. advantages: by group, of each of its answers; names:
// of the composer's constraints.
std::string AuditLines(int64_t step, const std::vector<uint64_t>& trained, const std::map<uint64_t, ScoredGroup>& scored,
                       const std::map<uint64_t, std::vector<double>>& advantages, const std::vector<std::string>& names);

}  // namespace temper
