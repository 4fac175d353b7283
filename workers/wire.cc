#include "workers/wire.h"

#include "cluster/base/bytes.h"
#include "learner/policy_loss.h"

namespace temper {
namespace {

// One function per struct lists its fields once; Writer and Reader walk the same list.
struct Writer {
  ByteWriter out;
  template <typename T>
  void Field(const T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      out.Put<uint8_t>(value ? 1 : 0);
    } else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
      out.Put(value);
    } else if constexpr (std::is_same_v<T, std::string>) {
      out.PutString(value);
    } else {
      Fields(*this, const_cast<T&>(value));
    }
  }
  void Field(const PolicyLossType* const& type) { out.PutString(type->name); }
  template <typename T>
  void Field(const std::vector<T>& values) {
    if constexpr (std::is_arithmetic_v<T>) {
      out.PutVector(values);
    } else {
      out.Put<uint64_t>(values.size());
      for (const T& value : values) Field(value);
    }
  }
};

struct Reader {
  ByteReader in;
  template <typename T>
  void Field(T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      const auto byte = in.Get<uint8_t>();
      TEMPER_CHECK(byte <= 1, "message malformed: a flag of ", static_cast<int>(byte));
      value = byte == 1;
    } else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
      value = in.Get<T>();
      if constexpr (requires { EnumNames<T>::kWhat; })
        TEMPER_CHECK(NameOf(value) != "invalid", "message malformed: ", EnumNames<T>::kWhat, " ", static_cast<int>(value));
    } else if constexpr (std::is_same_v<T, std::string>) {
      value = in.GetString();
    } else {
      Fields(*this, value);
    }
  }
  void Field(const PolicyLossType*& type) {
    const std::string name = in.GetString();
    type = PolicyLosses().Find(name);
    TEMPER_CHECK(type != nullptr, "message malformed: there is no policy loss '", name, "'");
  }
  template <typename T>
  void Field(std::vector<T>& values) {
    if constexpr (std::is_arithmetic_v<T>) {
      values = in.GetVector<T>();
    } else {
      values.resize(in.GetCount(8));  // every struct here takes at least eight bytes
      for (T& value : values) Field(value);
    }
  }
};

template <typename Visitor, typename... Members>
void All(Visitor& v, Members&... members) {
  (v.Field(members), ...);
}

template <typename V>
void Fields(V& v, WeightRef& r) {
  All(v, r.version, r.hash, r.bytes, r.path, r.host);
}
template <typename V>
void Fields(V& v, RolloutWelcome& w) {
  All(v, w.config_json, w.slots, w.threads, w.max_tokens, w.bf16, w.device, w.cuda_graphs, w.force_remote_weights, w.tokenizer_json);
}
template <typename V>
void Fields(V& v, SamplingOptions& s) {
  All(v, s.temperature, s.top_k, s.top_p, s.max_new_tokens, s.min_new_tokens, s.stop_ids, s.stop_strings);
}
template <typename V>
void Fields(V& v, GenerationRequest& r) {
  All(v, r.group_id, r.seed, r.step, r.prompt_key, r.prompt_tokens, r.num_samples, r.sampling);
}
template <typename V>
void Fields(V& v, RolloutTask& t) {
  All(v, t.request, t.weights, t.exact);
}
template <typename V>
void Fields(V& v, Trajectory& t) {
  All(v, t.tokens, t.logprobs, t.policy_logprobs, t.versions, t.finished);
}
template <typename V>
void Fields(V& v, TrajectoryGroup& g) {
  All(v, g.group_id, g.prompt_tokens, g.trajectories);
}
template <typename V>
void Fields(V& v, RolloutResult& r) {
  All(v, r.group, r.weight_hash, r.seconds);
}
template <typename V>
void Fields(V& v, RewardWelcome& w) {
  All(v, w.policy_spec_yaml, w.policy_spec_name);
}
template <typename V>
void Fields(V& v, GradeRequest& r) {
  All(v, r.prompt, r.response, r.category, r.truncated);
}
template <typename V>
void Fields(V& v, RewardTask& t) {
  All(v, t.requests);
}
template <typename V>
void Fields(V& v, Evidence& e) {
  All(v, e.proposition, e.begin, e.end);
}
template <typename V>
void Fields(V& v, Grade& g) {
  All(v, g.outcome, g.safety, g.helpfulness, g.h_direct, g.h_indirect, g.severity, g.clause, g.mode, g.refused, g.declined,
      g.gave_requested, g.restricted, g.over_refusal, g.evidence, g.grader, g.latency_us, g.error);
}
template <typename V>
void Fields(V& v, RewardResult& r) {
  All(v, r.grades);
}
template <typename V>
void Fields(V& v, OptimizerOptions& o) {
  All(v, o.lr, o.beta1, o.beta2, o.eps, o.weight_decay, o.max_grad_norm, o.warmup_steps, o.schedule, o.final_lr_fraction);
}
template <typename V>
void Fields(V& v, RlOptions& o) {
  All(v, o.loss, o.clip_low, o.clip_high, o.dual_clip, o.aggregation, o.step_completions, o.max_completion_tokens, o.kl_coef,
      o.kl_estimator, o.kl_in, o.entropy_coef, o.tis_cap, o.temperature, o.updates_per_batch);
}
template <typename V>
void Fields(V& v, SftExample& e) {
  All(v, e.tokens, e.prompt_length, e.learned);
}
template <typename V>
void Fields(V& v, TrainSample& s) {
  All(v, s.tokens, s.logprobs, s.versions, s.advantage);
}
template <typename V>
void Fields(V& v, TrainGroup& g) {
  All(v, g.group_id, g.prompt_tokens, g.samples);
}
template <typename V>
void Fields(V& v, LearnerTask& t) {
  All(v, t.kind, t.config_json, t.seed, t.folder, t.tokenizer_json, t.optimizer, t.total_steps, t.set_reference, t.rl, t.examples, t.groups,
      t.step, t.publish_version);
}

void Fields(Writer& v, UpdateReport& report) {
  v.out.Put<uint64_t>(report.size());
  for (const auto& [name, value] : report) All(v, name, value);
}
void Fields(Reader& v, UpdateReport& report) {
  report.clear();
  for (uint64_t n = v.in.GetCount(16); n > 0; --n) {
    const std::string name = v.in.GetString();
    report[name] = v.in.Get<double>();
  }
}
template <typename V>
void Fields(V& v, LearnerResult& r) {
  All(v, r.error, r.user_error, r.report, r.published);
}

template <typename T>
std::string EncodeAll(const T& message) {
  Writer writer;
  writer.Field(message);
  return writer.out.Take();
}

template <typename T>
T DecodeAll(const std::string& bytes) {
  Reader reader{ByteReader(bytes)};
  T message;
  reader.Field(message);
  reader.in.ExpectEnd();
  return message;
}

}  // namespace

std::string RolloutWelcome::Encode() const { return EncodeAll(*this); }
RolloutWelcome RolloutWelcome::Decode(const std::string& bytes) { return DecodeAll<RolloutWelcome>(bytes); }
std::string RolloutTask::Encode() const { return EncodeAll(*this); }
RolloutTask RolloutTask::Decode(const std::string& bytes) { return DecodeAll<RolloutTask>(bytes); }

std::string RolloutResult::Encode() const { return EncodeAll(*this); }
RolloutResult RolloutResult::Decode(const std::string& bytes) {
  RolloutResult result = DecodeAll<RolloutResult>(bytes);
  for (const Trajectory& t : result.group.trajectories) {
    const size_t count = t.tokens.size();
    TEMPER_CHECK(t.logprobs.size() == count && t.policy_logprobs.size() == count && t.versions.size() == count, "trajectory with ", count,
                 " tokens, ", t.logprobs.size(), " and ", t.policy_logprobs.size(), " log-probs, ", t.versions.size(), " versions");
  }
  return result;
}

std::string RewardWelcome::Encode() const { return EncodeAll(*this); }
RewardWelcome RewardWelcome::Decode(const std::string& bytes) { return DecodeAll<RewardWelcome>(bytes); }
std::string RewardTask::Encode() const { return EncodeAll(*this); }
RewardTask RewardTask::Decode(const std::string& bytes) { return DecodeAll<RewardTask>(bytes); }

std::string RewardResult::Encode() const { return EncodeAll(*this); }
RewardResult RewardResult::Decode(const std::string& bytes) {
  RewardResult result = DecodeAll<RewardResult>(bytes);
  for (const Grade& grade : result.grades) {
    TEMPER_CHECK(grade.outcome <= GradeOutcome::kDisagreement && grade.severity <= Severity::kHigh && grade.mode <= ResponseMode::kOffTopic,
                 "grade with an unknown outcome, severity or mode");
  }
  return result;
}

std::string LearnerTask::Encode() const { return EncodeAll(*this); }
LearnerTask LearnerTask::Decode(const std::string& bytes) {
  LearnerTask task = DecodeAll<LearnerTask>(bytes);
  TEMPER_CHECK(task.kind <= Kind::kExport, "order of the unknown kind ", static_cast<int>(task.kind));
  return task;
}
std::string LearnerResult::Encode() const { return EncodeAll(*this); }
LearnerResult LearnerResult::Decode(const std::string& bytes) { return DecodeAll<LearnerResult>(bytes); }

}  // namespace temper
