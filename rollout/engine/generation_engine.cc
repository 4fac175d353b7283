#include "rollout/engine/generation_engine.h"

#include <algorithm>
#include <deque>
#include <map>
#include <span>

#include <c10/core/InferenceMode.h>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "rollout/engine/decode_backend.h"
#include "rollout/engine/stop_strings.h"

namespace temper {
namespace {

// A request in work. Its prompt's state serves all its completions.
struct Group {
  GenerationRequest request;
  TrajectoryGroup result;
  std::unique_ptr<PromptState> prompt;  // null until its first token is computed
  int64_t prompt_computed = 0;          // tokens of it
  int64_t prompt_version = 0;           // weights that computed its end
  int64_t num_admitted = 0;             // completions that got a slot
  int64_t num_done = 0;

  int64_t prompt_length() const { return static_cast<int64_t>(request.prompt_tokens.size()); }
  bool prompt_complete() const { return prompt_computed == prompt_length(); }
};

// A place in the batch.
struct Slot {
  Group* group = nullptr;  // null = free
  int64_t sample = 0;
  std::unique_ptr<StopWatch> stop_watch;  // null where the request has no stop strings

  Trajectory& trajectory() const { return group->result.trajectories[sample]; }
  bool live() const { return group != nullptr && !trajectory().tokens.empty(); }
  bool ready() const { return group != nullptr && trajectory().tokens.empty() && group->prompt_complete(); }
};

bool IsStop(const SamplingOptions& sampling, int32_t token) {
  return std::find(sampling.stop_ids.begin(), sampling.stop_ids.end(), token) != sampling.stop_ids.end();
}

}  // namespace

struct GenerationEngine::State {
  State(const Transformer* borrowed, const EngineOptions& wanted)
      : model(borrowed),
        options(wanted),
        backend(borrowed->portable() ? MakeDeviceBackend(borrowed, {wanted.slots, wanted.max_tokens, wanted.graphs})
                                     : MakeCpuBackend(borrowed, wanted.slots)),
        slots(wanted.slots) {}

  void CheckRequest(const GenerationRequest& request) const;
  void Admit();
  void Prefill(int64_t* budget);
  bool StartReady();
  void Decode();
  DecodeRow RowOf(const Slot& slot) const;
  bool Ends(Slot* slot) const;
  void Take(Slot* slot, const SampledToken& drawn, int64_t drawn_by);
  void Finish(Slot* slot);

  const Transformer* model;
  EngineOptions options;
  std::unique_ptr<DecodeBackend> backend;  // outlives the groups, which hold state of it
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
  const auto refuse = [&request](const auto&... why) { throw ConfigError(Concat("group ", request.group_id, ": ", why...)); };
  if (prompt == 0) refuse("the prompt is empty");
  for (const int32_t id : request.prompt_tokens) {
    if (id < 0 || id >= config.vocab_size) refuse("prompt token ", id, " is outside the vocabulary of ", config.vocab_size);
  }
  const int64_t limit = std::min(options.max_tokens, config.max_positions), most_new = request.sampling.max_new_tokens;
  if (most_new > limit - prompt) {
    refuse("a prompt of ", prompt, " tokens and max_new_tokens ", most_new, " exceed the limit of ", limit,
           " tokens (the engine's max_tokens and the model's positions)");
  }
  CheckSamplingOptions(request.sampling, config.vocab_size);
  TEMPER_CHECK(request.num_samples > 0, "group ", request.group_id, ": num_samples ", request.num_samples, " must be at least 1");
  TEMPER_CHECK(request.sampling.stop_strings.empty() || options.tokenizer != nullptr, "group ", request.group_id,
               ": stop strings need a tokenizer, and the engine was given none (EngineOptions.tokenizer)");
  TEMPER_CHECK(!groups.contains(request.group_id), "group ", request.group_id, " is in work already");
}

// Gives free slots to waiting completions, in the order of submission.
void GenerationEngine::State::Admit() {
  for (size_t i = 0; i < slots.size(); ++i) {
    Slot& slot = slots[i];
    if (queue.empty()) break;
    if (slot.group != nullptr) continue;
    Group* group = queue.front();
    if (group->num_admitted == 0) prefilling.push_back(group);
    slot.group = group;
    slot.sample = group->num_admitted++;
    if (group->num_admitted == group->request.num_samples) queue.pop_front();
    const SamplingOptions& sampling = group->request.sampling;
    slot.stop_watch = sampling.stop_strings.empty() ? nullptr : std::make_unique<StopWatch>(*options.tokenizer, sampling.stop_strings);
    backend->OpenSlot(static_cast<int64_t>(i), sampling.max_new_tokens);
  }
}

// Computes the next tokens of the oldest prompts, `budget` at most, in one forward.
void GenerationEngine::State::Prefill(int64_t* budget) {
  std::vector<PromptChunk> chunks;
  for (Group* group : prefilling) {
    if (*budget == 0) break;
    if (!group->prompt) group->prompt = backend->OpenPrompt(group->prompt_length());
    const int64_t begin = group->prompt_computed;
    group->prompt_computed += std::min(group->prompt_length() - begin, *budget);
    *budget -= group->prompt_computed - begin;
    chunks.push_back({group->prompt.get(), group->request.prompt_tokens, begin, group->prompt_computed});
    if (group->prompt_complete()) group->prompt_version = version;
  }
  if (chunks.empty()) return;
  backend->ComputePrompts(chunks);
  std::erase_if(prefilling, [](const Group* group) { return group->prompt_complete(); });
}

// What the backend needs to know to draw the slot's next token.
DecodeRow GenerationEngine::State::RowOf(const Slot& slot) const {
  const GenerationRequest& request = slot.group->request;
  const std::vector<int32_t>& drawn = slot.trajectory().tokens;
  const SampleKey key{request.seed, request.step, request.prompt_key, static_cast<uint32_t>(slot.sample)};
  return {.prompt = slot.group->prompt.get(),
          .prompt_length = slot.group->prompt_length(),
          .slot = &slot - slots.data(),
          .sampling = &request.sampling,
          .num_drawn = static_cast<int64_t>(drawn.size()),
          .last_token = drawn.empty() ? 0 : drawn.back(),
          .uniform = UniformAt(key, static_cast<uint32_t>(drawn.size())),
          .sample = slot.sample};
}

// Draws the first token of completions whose prompt is computed; says whether one ended with it.
bool GenerationEngine::State::StartReady() {
  std::vector<DecodeRow> rows;
  std::vector<Slot*> ready;
  for (Slot& slot : slots) {
    if (!slot.ready()) continue;
    ready.push_back(&slot);
    rows.push_back(RowOf(slot));
  }
  if (ready.empty()) return false;
  const std::vector<SampledToken> drawn = backend->DrawFirst(rows);
  bool freed = false;
  for (size_t i = 0; i < ready.size(); ++i) {
    Take(ready[i], drawn[i], ready[i]->group->prompt_version);
    freed = freed || ready[i]->group == nullptr;
  }
  return freed;
}

// One token for every live slot.
void GenerationEngine::State::Decode() {
  std::vector<DecodeRow> rows;
  std::vector<Slot*> live;
  for (Slot& slot : slots) {
    if (!slot.live()) continue;
    live.push_back(&slot);
    rows.push_back(RowOf(slot));
  }
  if (live.empty()) return;
  const std::vector<SampledToken> drawn = backend->Decode(rows);
  for (size_t i = 0; i < live.size(); ++i) Take(live[i], drawn[i], version);
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

// Enters the slot's next token.
void GenerationEngine::State::Take(Slot* slot, const SampledToken& drawn, int64_t drawn_by) {
  Trajectory& trajectory = slot->trajectory();
  trajectory.tokens.push_back(drawn.token);
  trajectory.logprobs.push_back(drawn.logprob);
  trajectory.policy_logprobs.push_back(drawn.policy_logprob);
  trajectory.versions.push_back(drawn_by);
  ++tokens_generated;
  trajectory.finished = Ends(slot);
  if (trajectory.finished || static_cast<int64_t>(trajectory.tokens.size()) == slot->group->request.sampling.max_new_tokens) Finish(slot);
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
