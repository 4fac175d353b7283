#include "workers/wire.h"

#include "cluster/base/fields.h"

namespace temper {

template <typename V>
void Fields(V& v, WeightRef& r) {
  v(r.version, r.hash, r.bytes, r.path, r.host);
}
template <typename V>
void Fields(V& v, RolloutWelcome& w) {
  v(w.config_json, w.slots, w.threads, w.overlaps, w.max_tokens, w.bf16, w.device, w.cuda_graphs, w.force_remote_weights, w.tokenizer_json);
}
template <typename V>
void Fields(V& v, GatedToken& t) {
  v(t.id, t.bias, t.threshold);
}
template <typename V>
void Fields(V& v, FirstTokenGate& g) {
  v(g.tokens, g.in_turn);
}
template <typename V>
void Fields(V& v, SamplingOptions& s) {
  v(s.temperature, s.top_k, s.top_p, s.max_new_tokens, s.min_new_tokens, s.stop_ids, s.stop_strings, s.gate);
}
template <typename V>
void Fields(V& v, GenerationRequest& r) {
  v(r.group_id, r.seed, r.step, r.prompt_key, r.prompt_tokens, r.num_samples, r.sampling);
}
template <typename V>
void Fields(V& v, RolloutTask& t) {
  v(t.request, t.weights, t.exact);
}
template <typename V>
void Fields(V& v, Trajectory& t) {
  v(t.tokens, t.logprobs, t.policy_logprobs, t.versions, t.finished);
}
template <typename V>
void Fields(V& v, TrajectoryGroup& g) {
  v(g.group_id, g.prompt_tokens, g.trajectories);
}
template <typename V>
void Fields(V& v, RolloutResult& r) {
  v(r.error, r.user_error, r.group, r.weight_hash, r.seconds);
}
template <typename V>
void Fields(V& v, RowCondition& c) {
  v(c.column, c.value, c.differs);
}
template <typename V>
void Fields(V& v, GraderConfig& c) {
  v(c.type, c.name, c.payload, c.deadline_s, c.gives, c.steers, c.only);
}
template <typename V>
void Fields(V& v, CombineOptions& c) {
  v(c.safety, c.safety_weights, c.unsafe_below, c.direct, c.indirect, c.helpfulness_weights, c.mode_from);
}
template <typename V>
void Fields(V& v, RewardWelcome& w) {
  v(w.plan.graders, w.plan.combine, w.plan.deadline_s);
}
template <typename V>
void Fields(V& v, GradeRequest& r) {
  v(r.prompt, r.response, r.category, r.truncated, r.intent, r.label, r.item);
}
template <typename V>
void Fields(V& v, RewardTask& t) {
  v(t.requests);
}
template <typename V>
void Fields(V& v, Evidence& e) {
  v(e.proposition, e.begin, e.end);
}
template <typename V>
void Fields(V& v, Verdict& d) {
  v(d.grader, d.id, d.steers, d.outcome, d.error, d.values, d.latency_us);
}
template <typename V>
void Fields(V& v, Grade& g) {
  v(g.outcome, g.safety, g.helpfulness, g.h_direct, g.h_indirect, g.severity, g.clause, g.mode, g.refused, g.declined, g.gave_requested,
    g.restricted, g.over_refusal, g.evidence, g.grader, g.latency_us, g.error, g.verdicts);
}
template <typename V>
void Fields(V& v, RewardResult& r) {
  v(r.error, r.user_error, r.grades);
}

template <typename V>
void Fields(V& v, LearnerResult& r) {
  v(r.error, r.user_error, r.report, r.published);
}

std::string RolloutWelcome::Encode() const { return EncodeFields(*this); }
RolloutWelcome RolloutWelcome::Decode(const std::string& bytes) { return DecodeFields<RolloutWelcome>(bytes); }
std::string RolloutTask::Encode() const { return EncodeFields(*this); }
RolloutTask RolloutTask::Decode(const std::string& bytes) { return DecodeFields<RolloutTask>(bytes); }

std::string RolloutResult::Encode() const { return EncodeFields(*this); }
RolloutResult RolloutResult::Decode(const std::string& bytes) {
  RolloutResult result = DecodeFields<RolloutResult>(bytes);
  for (const Trajectory& t : result.group.trajectories) {
    const size_t count = t.tokens.size();
    TEMPER_CHECK(t.logprobs.size() == count && t.policy_logprobs.size() == count && t.versions.size() == count, "trajectory with ", count,
                 " tokens, ", t.logprobs.size(), " and ", t.policy_logprobs.size(), " log-probs, ", t.versions.size(), " versions");
  }
  return result;
}

std::string RewardWelcome::Encode() const { return EncodeFields(*this); }
RewardWelcome RewardWelcome::Decode(const std::string& bytes) { return DecodeFields<RewardWelcome>(bytes); }
std::string RewardTask::Encode() const { return EncodeFields(*this); }
RewardTask RewardTask::Decode(const std::string& bytes) { return DecodeFields<RewardTask>(bytes); }

std::string RewardResult::Encode() const { return EncodeFields(*this); }
RewardResult RewardResult::Decode(const std::string& bytes) { return DecodeFields<RewardResult>(bytes); }

std::string LearnerResult::Encode() const { return EncodeFields(*this); }
LearnerResult LearnerResult::Decode(const std::string& bytes) { return DecodeFields<LearnerResult>(bytes); }

}  // namespace temper
