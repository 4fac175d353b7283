#include "workers/learner_task.h"

#include "cluster/base/fields.h"
#include "cluster/telemetry/telemetry_phases.h"
#include "learner/policy_loss.h"

namespace temper {

// By its name.
void Fields(FieldWriter& v, const PolicyLossType*& type) { v(std::string(type->name)); }
void Fields(FieldReader& v, const PolicyLossType*& type) {
  std::string name;
  v(name);
  type = PolicyLosses().Find(name);
  TEMPER_CHECK(type != nullptr, "message malformed: there is no policy loss '", name, "'");
}

void Fields(FieldWriter& v, const AdvantageType*& type) { v(std::string(type->name)); }
void Fields(FieldReader& v, const AdvantageType*& type) {
  std::string name;
  v(name);
  type = AdvantageEstimators().Find(name);
  TEMPER_CHECK(type != nullptr, "message malformed: there is no advantage type '", name, "'");
}

template <typename V>
void Fields(V& v, AdvantageOptions& o) {
  v(o.type, o.std_form, o.scale, o.std_eps, o.dead_eps);
}
template <typename V>
void Fields(V& v, OptimizerOptions& o) {
  v(o.lr, o.beta1, o.beta2, o.eps, o.weight_decay, o.max_grad_norm, o.warmup_steps, o.schedule, o.final_lr_fraction);
}
template <typename V>
void Fields(V& v, RlOptions& o) {
  v(o.loss, o.clip_low, o.clip_high, o.dual_clip, o.aggregation, o.step_completions, o.max_completion_tokens, o.kl_coef, o.kl_estimator,
    o.kl_in, o.kl_off_policy, o.entropy_coef, o.tis_cap, o.temperature, o.updates_per_batch, o.sampled_tokens, o.sampled_sequences,
    o.advantage, o.lambdas);
}
template <typename V>
void Fields(V& v, SftExample& e) {
  v(e.tokens, e.prompt_length, e.learned, e.targets, e.weight);
}
template <typename V>
void Fields(V& v, TrainSample& s) {
  v(s.tokens, s.logprobs, s.versions, s.advantage, s.masked, s.parts);
}
template <typename V>
void Fields(V& v, TrainGroup& g) {
  v(g.group_id, g.prompt_tokens, g.samples);
}
template <typename V>
void Fields(V& v, InitializeOrder& o) {
  v(o.config_json, o.seed);
}
template <typename V>
void Fields(V& v, LoadModelOrder& o) {
  v(o.folder, o.skip_tensors);
}
template <typename V>
void Fields(V& v, BeginStageOrder& o) {
  v(o.optimizer, o.total_steps, o.set_reference);
}
template <typename V>
void Fields(V& v, SftOrder& o) {
  v(o.step, o.examples);
}
template <typename V>
void Fields(V& v, RlOrder& o) {
  v(o.step, o.options, o.groups, o.publish_version);
}
template <typename V>
void Fields(V& v, ScoreOrder& o) {
  v(o.examples);
}
template <typename V>
void Fields(V& v, PublishOrder& o) {
  v(o.step, o.version);
}
template <typename V>
void Fields(V& v, SaveOrder& o) {
  v(o.folder);
}
template <typename V>
void Fields(V& v, LoadOrder& o) {
  v(o.folder);
}
template <typename V>
void Fields(V& v, LoadAdapterOrder& o) {
  v(o.folder);
}
template <typename V>
void Fields(V& v, ExportOrder& o) {
  v(o.folder, o.tokenizer_json, o.base, o.merged);
}
template <typename V>
void Fields(V& v, LearnerTask& t) {
  v(t.order);
}

std::string LearnerTask::Encode() const { return EncodeFields(*this); }
LearnerTask LearnerTask::Decode(const std::string& bytes) { return DecodeFields<LearnerTask>(bytes); }

namespace {

struct PhaseOfOrder {
  const char* operator()(const SftOrder&) const { return phase::kUpdate; }
  const char* operator()(const RlOrder&) const { return phase::kUpdate; }
  const char* operator()(const ScoreOrder&) const { return phase::kEval; }
  const char* operator()(const PublishOrder&) const { return phase::kPublish; }
  const char* operator()(const SaveOrder&) const { return phase::kCheckpoint; }
  const char* operator()(const ExportOrder&) const { return phase::kExport; }
  template <typename Order>
  const char* operator()(const Order&) const {
    return phase::kLoad;
  }
};

}  // namespace

const char* PhaseOf(const LearnerTask& task) { return std::visit(PhaseOfOrder(), task.order); }

bool IsUpdate(const LearnerTask& task) {
  return std::holds_alternative<SftOrder>(task.order) || std::holds_alternative<RlOrder>(task.order);
}

int64_t StepOf(const LearnerTask& task) {
  return std::visit(
      [](const auto& order) -> int64_t {
        if constexpr (requires { order.step; }) {
          return order.step;
        } else {
          return -1;
        }
      },
      task.order);
}

int64_t PublishedBy(const LearnerTask& task) {
  if (const auto* rl = std::get_if<RlOrder>(&task.order)) return rl->publish_version;
  if (const auto* publish = std::get_if<PublishOrder>(&task.order)) return publish->version;
  return -1;
}

}  // namespace temper
