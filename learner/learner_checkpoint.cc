
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty_like.h>
#include <c10/core/GradMode.h>
#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/hash.h"
#include "learner/learner.h"
#include "learner/learner_state.h"
#include "policy/formats/safetensors.h"

// A learner's state is the same on every learner, whatever their number: rank 0 writes it, all read it.
//   learner.safetensors: parameters, exp_avg, exp_avg_sq and, once set, reference; fp32, the model's flat order. With LoRA they are
//     those of the adapters, the last is called reference_adapters, and it is left out where the reference is the base
//   learner.json: optimizer steps, schedule position and options; with LoRA the adapters' options and the hash of the base
namespace temper {
namespace {

constexpr int kFormat = 1;

nlohmann::json ToJson(const OptimizerOptions& o) {
  return {{"lr", o.lr},
          {"beta1", o.beta1},
          {"beta2", o.beta2},
          {"eps", o.eps},
          {"weight_decay", o.weight_decay},
          {"max_grad_norm", o.max_grad_norm},
          {"warmup_steps", o.warmup_steps},
          {"schedule", NameOf(o.schedule)},
          {"final_lr_fraction", o.final_lr_fraction}};
}

OptimizerOptions OptionsFromJson(const nlohmann::json& j) {
  OptimizerOptions o;
  j.at("lr").get_to(o.lr);
  j.at("beta1").get_to(o.beta1);
  j.at("beta2").get_to(o.beta2);
  j.at("eps").get_to(o.eps);
  j.at("weight_decay").get_to(o.weight_decay);
  j.at("max_grad_norm").get_to(o.max_grad_norm);
  j.at("warmup_steps").get_to(o.warmup_steps);
  o.schedule = ParseEnum<LrSchedule>(j.at("schedule").get<std::string>());
  j.at("final_lr_fraction").get_to(o.final_lr_fraction);
  return o;
}

// What the adapters' numbers mean nothing without; null without adapters.
nlohmann::json LoraJson(const LearnerState& state) {
  if (!state.base) return nullptr;
  const LoraOptions& lora = state.options.lora;
  const at::Tensor base = state.base->flat().cpu();
  nlohmann::json json = {{"rank", lora.rank},
                         {"alpha", lora.alpha},
                         {"target_modules", lora.target_modules},
                         {"base_xxh128", Hash128({static_cast<const char*>(base.const_data_ptr()), base.nbytes()})}};
  if (lora.rslora) json["rslora"] = true;
  return json;
}

void CheckLora(const LearnerState& state, const nlohmann::json& saved, const std::string& path) {
  const nlohmann::json own = LoraJson(state);
  TEMPER_CHECK(saved.is_null() == own.is_null(), path, ": the checkpoint was made ", saved.is_null() ? "without" : "with",
               " LoRA, this run is ", own.is_null() ? "without" : "with", " it (policy.lora.rank)");
  TEMPER_CHECK(saved == own, path, ": the checkpoint's adapters are ", saved.dump(), ", this run's ", own.dump(),
               ": rank, alpha, rslora, target modules and the model they are on must be the same");
}

nlohmann::json ReadJson(const std::string& path) {
  nlohmann::json json = nlohmann::json::parse(ReadFile(path, {.hint = "is the checkpoint complete?"}), nullptr, /*allow_exceptions=*/false);
  TEMPER_CHECK(json.is_object(), path, " is not a JSON object: the checkpoint is damaged");
  TEMPER_CHECK(json.value("format", 0) == kFormat, path, ": format ", json.value("format", 0), ", this program reads ", kFormat);
  return json;
}

// The flat tensor `name` of the file, `count` numbers.
const at::Tensor& FlatTensor(const std::map<std::string, at::Tensor>& tensors, const std::string& name, const std::string& path,
                             int64_t count) {
  const auto found = tensors.find(name);
  TEMPER_CHECK(found != tensors.end(), path, ": tensor \"", name, "\" is missing");
  const at::Tensor& stored = found->second;
  TEMPER_CHECK(stored.scalar_type() == at::kFloat && stored.dim() == 1 && stored.numel() == count, path, ": \"", name, "\" has ",
               stored.numel(), " values, this model has ", count, ": the checkpoint is of another model");
  return stored;
}

// The reference of a checkpoint that has one. The model's parameters may be others afterwards.
void LoadReference(const std::map<std::string, at::Tensor>& tensors, const std::string& path, Learner* learner, LearnerState* state) {
  if (state->base && !tensors.contains("reference_adapters")) {
    state->reference = state->base;
    state->reference_adapters = at::Tensor();
    return;
  }
  if (state->base) {
    state->model->trainable().copy_(FlatTensor(tensors, "reference_adapters", path, state->gradient.numel()));
    state->Refresh();
    return learner->SetReference();
  }
  const std::shared_ptr<Transformer> reference = FrozenCopy(*state->model);
  reference->flat().copy_(FlatTensor(tensors, "reference", path, state->model->num_parameters()));
  reference->WeightsChanged();
  state->reference = reference;
}

}  // namespace

void Learner::Save(const std::string& folder) const {
  LearnerState& state = *state_;
  const at::NoGradGuard no_grad;
  const at::Tensor exp_avg = state.GatherShards(state.optimizer.exp_avg());
  const at::Tensor exp_avg_sq = state.GatherShards(state.optimizer.exp_avg_sq());
  if (state.communicator->rank() == 0) {
    std::vector<std::pair<std::string, at::Tensor>> tensors = {
        {"parameters", state.model->trainable()}, {"exp_avg", exp_avg}, {"exp_avg_sq", exp_avg_sq}};
    if (state.reference_adapters.defined()) tensors.emplace_back("reference_adapters", state.reference_adapters);
    if (state.reference && !state.base) tensors.emplace_back("reference", state.reference->flat());
    WriteSafetensors(folder + "/learner.safetensors", tensors, {{"format", std::to_string(kFormat)}});
    const nlohmann::json json = {{"format", kFormat},
                                 {"optimizer", ToJson(state.optimizer_options)},
                                 {"optimizer_steps", state.optimizer.steps()},
                                 {"schedule_step", state.schedule_step},
                                 {"total_steps", state.total_steps},
                                 {"lora", LoraJson(state)},
                                 {"has_reference", state.reference != nullptr}};
    WriteFile(folder + "/learner.json", json.dump(1) + "\n");  // flushed with the checkpoint's other files
  }
  state.communicator->Barrier("save learner");
}

void Learner::Load(const std::string& folder) {
  LearnerState& state = *state_;
  const std::string path = folder + "/learner.json", tensors_path = folder + "/learner.safetensors";
  const nlohmann::json json = ReadJson(path);
  const std::map<std::string, at::Tensor> tensors = ReadSafetensors(tensors_path);
  const at::NoGradGuard no_grad;
  CheckLora(state, json.value("lora", nlohmann::json()), path);
  const int64_t count = state.gradient.numel();
  const auto shard = state.communicator->ShardOf(state.communicator->rank(), static_cast<size_t>(count));
  const auto own = [&](const char* name) {
    return FlatTensor(tensors, name, tensors_path, count).narrow(0, static_cast<int64_t>(shard.begin), static_cast<int64_t>(shard.size()));
  };
  if (json.value("has_reference", false))
    LoadReference(tensors, tensors_path, this, &state);  // else that of the stage's begin, where it has one
  state.model->trainable().copy_(FlatTensor(tensors, "parameters", tensors_path, count));
  state.optimizer.exp_avg().copy_(own("exp_avg"));
  state.optimizer.exp_avg_sq().copy_(own("exp_avg_sq"));
  state.Refresh();
  try {
    state.optimizer_options = OptionsFromJson(json.at("optimizer"));
    state.optimizer.set_steps(json.at("optimizer_steps").get<int64_t>());
    state.schedule_step = json.at("schedule_step").get<int64_t>();
    state.total_steps = json.at("total_steps").get<int64_t>();
  } catch (const nlohmann::json::exception& error) {
    TEMPER_FAIL(path, ": ", error.what());
  }
}

}  // namespace temper
