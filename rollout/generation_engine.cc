#include "rollout/generation_engine.h"

#include <algorithm>
#include <deque>
#include <map>
#include <span>

#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>

#include "cluster/error.h"
#include "cluster/keyed_random.h"
#include "rollout/kv_cache.h"
#include "rollout/sampler.h"
#include "rollout/stop_strings.h"

namespace temper {
namespace {

// A request in work. The key/value cache of its prompt and the logits after it serve all its completions.
struct Group {
  GenerationRequest request;
  TrajectoryGroup result;
  KeyValueBuffer prompt_cache;
  int64_t prompt_computed = 0;       // prompt tokens in the cache
  std::vector<float> prompt_logits;  // [V], empty until the whole prompt was computed
  int64_t prompt_version = 0;        // weights that computed its end
  int64_t num_admitted = 0;          // completions that got a slot
  int64_t num_done = 0;
};

// A place in the batch.
struct Slot {
  Group* group = nullptr;  // null = free
  int64_t sample = 0;
  KeyValueBuffer cache;                   // of the completion's tokens; kept for the next one
  std::unique_ptr<StopWatch> stop_watch;  // null where the request has no stop strings

  Trajectory& trajectory() const { return group->result.trajectories[sample]; }
  bool live() const { return group != nullptr && !trajectory().tokens.empty(); }
  bool ready() const { return group != nullptr && trajectory().tokens.empty() && !group->prompt_logits.empty(); }
};

// Prompt tokens of a group that one forward computes.
struct PromptChunk {
  Group* group;
  int64_t length;
};

bool IsStop(const SamplingOptions& sampling, int32_t token) {
  return std::find(sampling.stop_ids.begin(), sampling.stop_ids.end(), token) != sampling.stop_ids.end();
}

}  // namespace

struct GenerationEngine::State {
  State(const Transformer* borrowed, const EngineOptions& wanted)
      : model(borrowed), options(wanted), attention(*borrowed), slots(wanted.slots) {}

  void CheckRequest(const GenerationRequest& request) const;
  void Admit();
  void Prefill(int64_t* budget);
  void ComputeChunks(std::span<const PromptChunk> chunks);
  void TakeLogits(std::span<Group* const> complete_prompts, std::span<const int64_t> rows, const at::Tensor& hidden);
  bool StartReady();
  void Decode();
  bool Ends(Slot* slot) const;
  void Draw(Slot* slot, std::span<const float> logits, int64_t drawn_by);
  void Finish(Slot* slot);
  // One forward over attention.rows() and `tokens`: hidden states [T, D].
  at::Tensor Forward();

  const Transformer* model;
  EngineOptions options;
  CacheAttention attention;
  std::vector<int32_t> tokens;  // one per row of attention.rows()
  Sampler sampler;
  std::vector<Slot> slots;
  std::map<uint64_t, std::unique_ptr<Group>> groups;
  std::deque<Group*> queue;       // groups with completions that have no slot yet
  std::deque<Group*> prefilling;  // groups with a slot whose prompt is not computed to its end
  std::vector<TrajectoryGroup> complete;
  int64_t version = 0;
  int64_t tokens_generated = 0;
};

void GenerationEngine::State::CheckRequest(const GenerationRequest& request) const {
  const TransformerConfig& config = model->config();
  const int64_t prompt = static_cast<int64_t>(request.prompt_tokens.size());
  TEMPER_CHECK(prompt > 0, "group ", request.group_id, ": the prompt is empty");
  TEMPER_CHECK(request.num_samples > 0, "group ", request.group_id, ": num_samples ", request.num_samples, " must be at least 1");
  for (const int32_t id : request.prompt_tokens)
    TEMPER_CHECK(id >= 0 && id < config.vocab_size, "group ", request.group_id, ": prompt token ", id, " is outside the vocabulary of ",
                 config.vocab_size);
  CheckSamplingOptions(request.sampling, config.vocab_size);
  TEMPER_CHECK(request.sampling.stop_strings.empty() || options.tokenizer != nullptr, "group ", request.group_id,
               ": stop strings need a tokenizer, and the engine was given none (EngineOptions.tokenizer)");
  const int64_t limit = std::min(options.max_tokens, config.max_positions);
  TEMPER_CHECK(request.sampling.max_new_tokens <= limit - prompt, "group ", request.group_id, ": a prompt of ", prompt,
               " tokens and max_new_tokens ", request.sampling.max_new_tokens, " exceed the limit of ", limit,
               " tokens (the engine's max_tokens and the model's positions)");
  TEMPER_CHECK(!groups.contains(request.group_id), "group ", request.group_id, " is in work already");
}

at::Tensor GenerationEngine::State::Forward() {
  const int64_t count = static_cast<int64_t>(tokens.size());
  at::Tensor ids = at::empty({count}, at::kLong);
  at::Tensor positions = at::empty({count}, at::kLong);
  for (int64_t t = 0; t < count; ++t) {
    ids.mutable_data_ptr<int64_t>()[t] = tokens[t];
    positions.mutable_data_ptr<int64_t>()[t] = attention.rows()[t].position;
  }
  return model->Hidden(ids, positions, attention);
}

// Gives free slots to waiting completions, in the order of submission.
void GenerationEngine::State::Admit() {
  for (Slot& slot : slots) {
    if (queue.empty()) break;
    if (slot.group != nullptr) continue;
    Group* group = queue.front();
    if (group->num_admitted == 0) prefilling.push_back(group);
    slot.group = group;
    slot.sample = group->num_admitted++;
    if (group->num_admitted == group->request.num_samples) queue.pop_front();
    const SamplingOptions& sampling = group->request.sampling;
    slot.stop_watch = sampling.stop_strings.empty() ? nullptr : std::make_unique<StopWatch>(*options.tokenizer, sampling.stop_strings);
    const int64_t needed = sampling.max_new_tokens;
    if (slot.cache.capacity() < needed) slot.cache = KeyValueBuffer(model->config(), needed, model->cache_type());
  }
}

// Computes the next tokens of the oldest prompts, `budget` at most, in one forward.
void GenerationEngine::State::Prefill(int64_t* budget) {
  std::vector<PromptChunk> chunks;
  for (Group* group : prefilling) {
    if (*budget == 0) break;
    const int64_t length = static_cast<int64_t>(group->request.prompt_tokens.size());
    if (group->prompt_computed == 0) group->prompt_cache = KeyValueBuffer(model->config(), length, model->cache_type());
    const int64_t chunk = std::min(length - group->prompt_computed, *budget);
    chunks.push_back({group, chunk});
    *budget -= chunk;
  }
  if (chunks.empty()) return;
  ComputeChunks(chunks);
  std::erase_if(prefilling, [](const Group* group) { return !group->prompt_logits.empty(); });
}

void GenerationEngine::State::ComputeChunks(std::span<const PromptChunk> chunks) {
  attention.rows().clear();
  tokens.clear();
  std::vector<Group*> complete_prompts;
  std::vector<int64_t> last_rows;
  for (const auto& [group, count] : chunks) {
    const auto& prompt = group->request.prompt_tokens;
    const int64_t length = static_cast<int64_t>(prompt.size());
    for (const int64_t end = group->prompt_computed + count; group->prompt_computed < end; ++group->prompt_computed) {
      attention.rows().push_back({&group->prompt_cache, length, nullptr, group->prompt_computed});
      tokens.push_back(prompt[static_cast<size_t>(group->prompt_computed)]);
    }
    if (group->prompt_computed < length) continue;
    complete_prompts.push_back(group);
    last_rows.push_back(static_cast<int64_t>(tokens.size()) - 1);
  }
  const at::Tensor hidden = Forward();
  if (!complete_prompts.empty()) TakeLogits(complete_prompts, last_rows, hidden);
}

// The logits after each prompt, from its last row of the hidden states.
void GenerationEngine::State::TakeLogits(std::span<Group* const> complete_prompts, std::span<const int64_t> rows,
                                         const at::Tensor& hidden) {
  const int64_t size = model->config().hidden_size;
  const int64_t vocab = model->config().vocab_size;
  at::Tensor last = at::empty({static_cast<int64_t>(rows.size()), size}, at::kFloat);
  float* to = last.mutable_data_ptr<float>();
  for (const int64_t row : rows) to = std::copy_n(hidden.const_data_ptr<float>() + row * size, size, to);
  const at::Tensor logits = model->Logits(last);
  const float* from = logits.const_data_ptr<float>();
  for (Group* group : complete_prompts) {
    group->prompt_logits.assign(from, from + vocab);
    group->prompt_version = version;
    from += vocab;
  }
}

// Draws the first token of completions whose prompt is computed; says whether one ended with it.
bool GenerationEngine::State::StartReady() {
  bool freed = false;
  for (Slot& slot : slots) {
    if (!slot.ready()) continue;
    Draw(&slot, slot.group->prompt_logits, slot.group->prompt_version);
    freed = freed || slot.group == nullptr;
  }
  return freed;
}

// One token for every live slot.
void GenerationEngine::State::Decode() {
  attention.rows().clear();
  tokens.clear();
  std::vector<Slot*> live;
  for (Slot& slot : slots) {
    if (!slot.live()) continue;
    const int64_t prompt = static_cast<int64_t>(slot.group->request.prompt_tokens.size());
    const std::vector<int32_t>& drawn = slot.trajectory().tokens;
    const int64_t position = prompt + static_cast<int64_t>(drawn.size()) - 1;
    attention.rows().push_back({&slot.group->prompt_cache, prompt, &slot.cache, position});
    tokens.push_back(drawn.back());
    live.push_back(&slot);
  }
  if (live.empty()) return;
  const at::Tensor logits = model->Logits(Forward());
  const int64_t vocab = model->config().vocab_size;
  const float* row = logits.const_data_ptr<float>();
  for (size_t i = 0; i < live.size(); ++i, row += vocab) Draw(live[i], {row, static_cast<size_t>(vocab)}, version);
}

// Whether the newest token is a stop token or completes a stop string.
bool GenerationEngine::State::Ends(Slot* slot) const {
  const SamplingOptions& sampling = slot->group->request.sampling;
  const std::vector<int32_t>& drawn = slot->trajectory().tokens;
  if (IsStop(sampling, drawn.back())) return true;
  if (slot->stop_watch == nullptr) return false;
  const auto count = static_cast<int64_t>(drawn.size());
  const bool found = slot->stop_watch->Push(drawn.back()) || (count == sampling.max_new_tokens && slot->stop_watch->Finish());
  return found && count > sampling.min_new_tokens;
}

void GenerationEngine::State::Draw(Slot* slot, std::span<const float> logits, int64_t drawn_by) {
  const GenerationRequest& request = slot->group->request;
  Trajectory& trajectory = slot->trajectory();
  const auto position = static_cast<uint32_t>(trajectory.tokens.size());
  const SampleKey key{request.seed, request.step, request.prompt_key, static_cast<uint32_t>(slot->sample)};
  const SampledToken drawn = sampler.Draw(logits, request.sampling, position, UniformAt(key, position));
  trajectory.tokens.push_back(drawn.token);
  trajectory.logprobs.push_back(drawn.logprob);
  trajectory.policy_logprobs.push_back(drawn.policy_logprob);
  trajectory.versions.push_back(drawn_by);
  ++tokens_generated;
  trajectory.finished = Ends(slot);
  if (trajectory.finished || static_cast<int64_t>(trajectory.tokens.size()) == request.sampling.max_new_tokens) Finish(slot);
}

void GenerationEngine::State::Finish(Slot* slot) {
  Group* group = slot->group;
  slot->group = nullptr;
  if (++group->num_done < group->request.num_samples) return;
  complete.push_back(std::move(group->result));
  groups.erase(group->request.group_id);
}

GenerationEngine::GenerationEngine(const Transformer* model, const EngineOptions& options) {
  TEMPER_CHECK(options.slots >= 1 && options.max_tokens >= 2 && options.prefill_tokens >= 1,
               "an engine needs at least 1 slot, 2 tokens and 1 prefill token, got slots ", options.slots, ", max_tokens ",
               options.max_tokens, ", prefill_tokens ", options.prefill_tokens);
  state_ = std::make_unique<State>(model, options);
}

GenerationEngine::~GenerationEngine() = default;

void GenerationEngine::Submit(GenerationRequest request) {
  state_->CheckRequest(request);
  auto group = std::make_unique<Group>();
  group->result.group_id = request.group_id;
  group->result.prompt_tokens = request.prompt_tokens;
  group->result.trajectories.resize(request.num_samples);
  group->request = std::move(request);
  state_->queue.push_back(group.get());
  const uint64_t id = group->request.group_id;
  state_->groups.emplace(id, std::move(group));
}

std::vector<TrajectoryGroup> GenerationEngine::Step() {
  const c10::InferenceMode inference;
  // A completion that ends with its first token frees its slot for the next one before the batch is decoded.
  int64_t budget = state_->options.prefill_tokens;
  do {
    state_->Admit();
    state_->Prefill(&budget);
  } while (state_->StartReady());
  state_->Decode();
  return std::exchange(state_->complete, {});
}

bool GenerationEngine::idle() const { return state_->groups.empty(); }

const Trajectory* GenerationEngine::Running(uint64_t group_id, int64_t sample) const {
  const auto found = state_->groups.find(group_id);
  return found == state_->groups.end() ? nullptr : &found->second->result.trajectories.at(static_cast<size_t>(sample));
}

void GenerationEngine::SetVersion(int64_t version) { state_->version = version; }

void GenerationEngine::Cancel(uint64_t group_id) {
  const auto found = state_->groups.find(group_id);
  if (found == state_->groups.end()) return;
  Group* group = found->second.get();
  for (Slot& slot : state_->slots)
    if (slot.group == group) slot.group = nullptr;
  std::erase(state_->queue, group);
  std::erase(state_->prefilling, group);
  state_->groups.erase(found);
}

int64_t GenerationEngine::tokens_generated() const { return state_->tokens_generated; }

}  // namespace temper
