#include "learner/batch_packing.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include <ATen/ops/empty.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

using Tokens = std::span<const int32_t>;
using Flags = std::span<const uint8_t>;

at::Tensor ToTensor(const std::vector<int64_t>& values) {
  at::Tensor tensor = at::empty({static_cast<int64_t>(values.size())}, at::kLong);
  std::copy(values.begin(), values.end(), tensor.mutable_data_ptr<int64_t>());
  return tensor;
}

void CheckTokens(Tokens tokens, const TransformerConfig& config, int64_t group, const char* what) {
  for (const int32_t token : tokens) {
    TEMPER_CHECK(token >= 0 && token < config.vocab_size, what, " of group ", group, " of the share holds token ", token,
                 ", outside the vocabulary of ", config.vocab_size);
  }
}

// Collects groups until Flush makes a micro-batch of them.
class Packer {
 public:
  Packer(int64_t micro_batch_tokens, const TransformerConfig& config) : limit_(micro_batch_tokens), config_(config) {
    TEMPER_CHECK(micro_batch_tokens > 0, "micro_batch_tokens is ", micro_batch_tokens, ", must be positive");
  }

  // `group` is the index in the share. `learned`: of the tokens of a single completion; empty = all. `targets`: what it is to say in their
  // place; empty = they themselves.
  void Add(int64_t group, Tokens prompt, const std::vector<Tokens>& completions, Flags learned = {}, Tokens targets = {}) {
    CheckGroup(group, prompt, completions);
    CheckTokens(targets, config_, group, "what is to be said");
    int64_t size = static_cast<int64_t>(prompt.size());
    int64_t rows = 0;
    for (const Tokens completion : completions) {
      rows += learned.empty() ? static_cast<int64_t>(completion.size()) : std::count_if(learned.begin(), learned.end(), std::identity());
      size += std::max<int64_t>(0, static_cast<int64_t>(completion.size()) - 1);
    }
    if (rows == 0) return;
    if (!tokens_.empty() && static_cast<int64_t>(tokens_.size()) + size > limit_) Flush();
    Append(group, prompt, completions, learned, targets);
  }

  std::vector<MicroBatch> Take() {
    if (!tokens_.empty()) Flush();
    return std::move(batches_);
  }

 private:
  void CheckGroup(int64_t group, Tokens prompt, const std::vector<Tokens>& completions) const {
    TEMPER_CHECK(!prompt.empty(), "group ", group, " of the share has an empty prompt: nothing predicts its first token");
    CheckTokens(prompt, config_, group, "the prompt");
    for (const Tokens completion : completions) {
      CheckTokens(completion, config_, group, "a completion");
      TEMPER_CHECK(static_cast<int64_t>(prompt.size() + completion.size()) <= config_.max_positions, "group ", group,
                   " of the share has a sequence of ", prompt.size() + completion.size(), " tokens, the model has ", config_.max_positions,
                   " positions");
    }
  }

  Segment AppendSegment(Tokens tokens, int64_t first_position) {
    const Segment segment{static_cast<int64_t>(tokens_.size()), static_cast<int64_t>(tokens.size())};
    for (int64_t i = 0; i < segment.length; ++i) {
      tokens_.push_back(tokens[i]);
      positions_.push_back(first_position + i);
    }
    return segment;
  }

  int64_t Want(int64_t position) {
    wanted_.push_back(position);
    return static_cast<int64_t>(wanted_.size()) - 1;
  }

  void Append(int64_t group, Tokens prompt, const std::vector<Tokens>& completions, Flags learned, Tokens targets) {
    SharedPrefixGroup packed;
    packed.prefix = AppendSegment(prompt, 0);
    const int64_t last_of_prompt = packed.prefix.begin + packed.prefix.length - 1;
    int64_t row_of_prompt = -1;  // once it is wanted
    for (size_t sample = 0; sample < completions.size(); ++sample) {
      const Tokens completion = completions[sample];
      const auto first_row = static_cast<int64_t>(rows_.size());
      if (!completion.empty()) {
        const Segment suffix = AppendSegment(completion.first(completion.size() - 1), packed.prefix.length);
        for (int64_t t = 0; t < static_cast<int64_t>(completion.size()); ++t) {
          if (!learned.empty() && learned[t] == 0) continue;
          if (t > 0)
            rows_.push_back(Want(suffix.begin + t - 1));
          else
            rows_.push_back(row_of_prompt = row_of_prompt < 0 ? Want(last_of_prompt) : row_of_prompt);
          targets_.push_back(targets.empty() ? completion[t] : targets[t]);
        }
        if (suffix.length > 0) packed.suffixes.push_back(suffix);
      }
      samples_.push_back({group, static_cast<int64_t>(sample), first_row, static_cast<int64_t>(rows_.size()) - first_row});
    }
    groups_.push_back(std::move(packed));
  }

  void Flush() {
    MicroBatch batch;
    batch.tokens_T = ToTensor(tokens_);
    batch.positions_T = ToTensor(positions_);
    batch.wanted_W = ToTensor(wanted_);
    batch.rows_N = ToTensor(rows_);
    batch.targets_N = ToTensor(targets_);
    batch.groups = std::move(groups_);
    batch.samples = std::move(samples_);
    batches_.push_back(std::move(batch));
    for (auto* values : {&tokens_, &positions_, &wanted_, &rows_, &targets_}) values->clear();
    groups_.clear();
    samples_.clear();
  }

  int64_t limit_;
  const TransformerConfig& config_;
  std::vector<int64_t> tokens_, positions_, wanted_, rows_, targets_;
  std::vector<SharedPrefixGroup> groups_;
  std::vector<PackedSample> samples_;
  std::vector<MicroBatch> batches_;
};

}  // namespace

std::vector<MicroBatch> PackGroups(std::span<const TrainGroup> share, int64_t micro_batch_tokens, const TransformerConfig& config) {
  std::vector<int64_t> order(share.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return share[a].group_id < share[b].group_id; });
  Packer packer(micro_batch_tokens, config);
  for (const int64_t index : order) {
    const TrainGroup& group = share[index];
    std::vector<Tokens> completions;
    for (const TrainSample& sample : group.samples) {
      TEMPER_CHECK(sample.logprobs.size() == sample.tokens.size(), "group ", group.group_id, " has a completion of ", sample.tokens.size(),
                   " tokens with ", sample.logprobs.size(), " log-probs");
      completions.emplace_back(sample.tokens);
    }
    packer.Add(index, group.prompt_tokens, completions);
  }
  return packer.Take();
}

std::vector<MicroBatch> PackExamples(std::span<const SftExample> share, int64_t micro_batch_tokens, const TransformerConfig& config) {
  Packer packer(micro_batch_tokens, config);
  for (size_t index = 0; index < share.size(); ++index) {
    const Tokens tokens(share[index].tokens);
    const int64_t prompt_length = share[index].prompt_length;
    TEMPER_CHECK(prompt_length > 0 && prompt_length <= static_cast<int64_t>(tokens.size()), "example ", index, " of the share has ",
                 tokens.size(), " tokens and a prompt length of ", prompt_length);
    const Flags learned(share[index].learned);
    TEMPER_CHECK(learned.empty() || learned.size() == tokens.size() - static_cast<size_t>(prompt_length), "example ", index,
                 " of the share has ", learned.size(), " flags for ", tokens.size() - static_cast<size_t>(prompt_length), " answer tokens");
    const Tokens targets(share[index].targets);
    TEMPER_CHECK(targets.empty() || targets.size() == tokens.size() - static_cast<size_t>(prompt_length), "example ", index,
                 " of the share has ", targets.size(), " targets for ", tokens.size() - static_cast<size_t>(prompt_length),
                 " answer tokens");
    packer.Add(static_cast<int64_t>(index), tokens.first(prompt_length), {tokens.subspan(prompt_length)}, learned, targets);
  }
  return packer.Take();
}

}  // namespace temper
