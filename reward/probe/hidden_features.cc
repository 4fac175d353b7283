#include "reward/probe/hidden_features.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include <c10/core/InferenceMode.h>

#include "cluster/base/error.h"
#include "policy/chat/chat_template.h"
#include "policy/formats/hf_checkpoint.h"
#include "policy/model/causal_sequences.h"
#include "policy/text/strict_json.h"
#include "policy/tokenizer/tokenizer.h"

namespace temper {
namespace {

constexpr int64_t kPackedTokens = 2048;  // of one forward: enough to fill the products, little enough for caches

HiddenFeature ParseFeature(std::string_view text) {
  const size_t colon = text.find(':');
  HiddenFeature feature;
  const std::string_view number = text.substr(0, colon);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), feature.layer);
  const std::optional<Pooling> pooling = colon == std::string_view::npos ? std::nullopt : ValueOf<Pooling>(text.substr(colon + 1));
  if (error != std::errc() || end != number.data() + number.size() || feature.layer < 0 || !pooling)
    throw ConfigError(
        Concat("feature ", Quoted(text), ": expected LAYER:POOLING, such as 16:answer; poolings are answer, prompt, last and prompt_last"));
  feature.pooling = *pooling;
  return feature;
}

using DistinctTexts = std::map<std::pair<std::string_view, std::string_view>, size_t>;  // prompt and answer -> place

// The tokens of a text, and how many of them are the prompt's part.
struct TokenText {
  std::vector<int32_t> tokens;
  int64_t prompt = 0;
};

void Cut(std::vector<int32_t>* tokens, int64_t most) {
  if (static_cast<int64_t>(tokens->size()) > most) tokens->resize(static_cast<size_t>(most));
}

}  // namespace

std::vector<HiddenFeature> ParseFeatures(const std::string& text) {
  std::vector<HiddenFeature> features;
  std::set<std::string> seen;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    features.push_back(ParseFeature(std::string_view(text).substr(begin, end - begin)));
    if (!seen.insert(FeaturesText({features.back()})).second)
      throw ConfigError(Concat("feature ", FeaturesText({features.back()}), " is given twice"));
    begin = end + 1;
  }
  if (features.size() > kMaxFeatures) throw ConfigError(Concat(features.size(), " features; at most ", kMaxFeatures));
  return features;
}

std::string FeaturesText(const std::vector<HiddenFeature>& features) {
  std::string text;
  for (const HiddenFeature& feature : features) text += Concat(text.empty() ? "" : ",", feature.layer, ":", NameOf(feature.pooling));
  return text;
}

std::string DescriptionOf(const FeatureOptions& options) {
  return Concat(FeaturesText(options.features), " ", NameOf(options.layout), " ", options.prompt_tokens, "+", options.answer_tokens);
}

bool ReadsAnswer(const FeatureOptions& options) {
  return std::any_of(options.features.begin(), options.features.end(),
                     [](const HiddenFeature& f) { return f.pooling == Pooling::kAnswer || f.pooling == Pooling::kLast; });
}

struct HiddenFeatures::Parts {
  Parts(const std::string& folder, FeatureOptions given)
      : options(std::move(given)), reads_answer(ReadsAnswer(options)), model(LoadHfModel(folder)), tokenizer(LoadTokenizer(folder)) {
    const TransformerConfig& config = model.config();
    for (const HiddenFeature& feature : options.features) {
      if (feature.layer > config.num_layers)
        throw ConfigError(Concat(folder, ": feature ", FeaturesText({feature}), ": the model has the layers 0 to ", config.num_layers));
      layers.push_back(feature.layer);
    }
    std::sort(layers.begin(), layers.end());
    layers.erase(std::unique(layers.begin(), layers.end()), layers.end());
    if (options.layout == TextLayout::kChat) chat.emplace(LoadChatTemplate(folder));
    if (options.prompt_tokens + options.answer_tokens > config.max_positions)
      throw ConfigError(Concat(folder, ": texts of ", options.prompt_tokens, " + ", options.answer_tokens, " tokens; the model has ",
                               config.max_positions, " positions"));
  }

  TokenText Read(const ProbeText& text) const {
    TokenText read;
    std::vector<int32_t> prompt = tokenizer->Encode(text.prompt);
    Cut(&prompt, options.prompt_tokens);
    std::string first = tokenizer->Decode(prompt);
    if (chat) {
      nlohmann::ordered_json messages = nlohmann::ordered_json::array();
      messages.push_back({{"role", "user"}, {"content", std::move(first)}});
      ChatOptions options_of_chat;
      options_of_chat.add_generation_prompt = true;
      read.tokens = tokenizer->Encode(chat->Render(messages, options_of_chat).text);
    } else {
      read.tokens = tokenizer->Encode(first + "\n", /*add_specials=*/true);
    }
    Cut(&read.tokens, model.config().max_positions - options.answer_tokens);
    read.prompt = static_cast<int64_t>(read.tokens.size());
    TEMPER_CHECK(read.prompt > 0, "the tokenizer gives no token for the prompt's part of a text");
    if (!reads_answer) return read;
    std::vector<int32_t> answer = tokenizer->Encode(text.answer);
    Cut(&answer, options.answer_tokens);
    read.tokens.insert(read.tokens.end(), answer.begin(), answer.end());
    return read;
  }

  // Rows [from, to) of `states` [T, D], their mean or the last one.
  void Pool(const at::Tensor& states, Pooling pooling, int64_t begin, const TokenText& text, float* out) const {
    const auto all = static_cast<int64_t>(text.tokens.size());
    int64_t from = 0, to = all;
    if (pooling == Pooling::kAnswer) from = std::min(text.prompt, all - 1);
    if (pooling == Pooling::kPrompt) to = text.prompt;
    if (pooling == Pooling::kLast) from = all - 1;
    if (pooling == Pooling::kPromptLast) std::tie(from, to) = std::pair(text.prompt - 1, text.prompt);
    const int64_t width = states.size(1);
    const float* row = states.const_data_ptr<float>() + (begin + from) * width;
    std::vector<double> sum(static_cast<size_t>(width), 0.0);
    for (int64_t t = from; t < to; ++t, row += width)
      for (int64_t d = 0; d < width; ++d) sum[static_cast<size_t>(d)] += double{row[d]};
    for (int64_t d = 0; d < width; ++d) out[d] = static_cast<float>(sum[static_cast<size_t>(d)] / static_cast<double>(to - from));
  }

  void ComputePack(std::span<const TokenText> texts, float* out) const {
    std::vector<std::span<const int32_t>> sequences;
    for (const TokenText& text : texts) sequences.emplace_back(text.tokens);
    const PackedSequences packed(model.config(), sequences);
    CausalSequences attention(model, packed.lengths);
    const std::vector<at::Tensor> states = model.HiddenOfLayers(packed.tokens_T, packed.positions_T, attention, layers);
    int64_t begin = 0;
    for (const TokenText& text : texts) {
      for (const HiddenFeature& feature : options.features) {
        const auto at = std::lower_bound(layers.begin(), layers.end(), feature.layer) - layers.begin();
        Pool(states[static_cast<size_t>(at)], feature.pooling, begin, text, out);
        out += model.config().hidden_size;
      }
      begin += static_cast<int64_t>(text.tokens.size());
    }
  }

  // Of distinct texts, each in its place.
  std::vector<float> ComputeInPacks(const DistinctTexts& texts, size_t width) const {
    std::vector<const DistinctTexts::key_type*> ordered(texts.size());
    for (const auto& [text, place] : texts) ordered[place] = &text;
    std::vector<float> out(texts.size() * width);
    std::vector<TokenText> pack;
    int64_t tokens = 0;
    for (size_t i = 0; i < ordered.size(); ++i) {
      pack.push_back(Read({ordered[i]->first, ordered[i]->second}));
      tokens += static_cast<int64_t>(pack.back().tokens.size());
      if (tokens < kPackedTokens && i + 1 < ordered.size()) continue;
      ComputePack(pack, out.data() + (i + 1 - pack.size()) * width);
      pack.clear();
      tokens = 0;
    }
    return out;
  }

  const FeatureOptions options;
  const bool reads_answer;
  const Transformer model;
  const std::unique_ptr<Tokenizer> tokenizer;
  std::optional<ChatTemplate> chat;
  std::vector<int64_t> layers;  // rising, each once
};

HiddenFeatures::HiddenFeatures(const std::string& folder, const FeatureOptions& options)
    : parts_(std::make_unique<const Parts>(folder, options)) {}

HiddenFeatures::~HiddenFeatures() = default;

int64_t HiddenFeatures::size() const { return parts_->model.config().hidden_size * static_cast<int64_t>(parts_->options.features.size()); }

std::vector<float> HiddenFeatures::Compute(std::span<const ProbeText> texts) const {
  const c10::InferenceMode inference;
  // Each text once: a probe of prompts is asked about the same prompt for every answer of its group.
  DistinctTexts places;
  std::vector<size_t> place_of;
  for (const ProbeText& text : texts) {
    const std::string_view answer = parts_->reads_answer ? text.answer : std::string_view();
    place_of.push_back(places.try_emplace({text.prompt, answer}, places.size()).first->second);
  }
  const auto width = static_cast<size_t>(size());
  const std::vector<float> distinct = parts_->ComputeInPacks(places, width);
  std::vector<float> out;
  out.reserve(texts.size() * width);
  for (const size_t place : place_of) {
    const auto row = distinct.begin() + static_cast<std::ptrdiff_t>(place * width);
    out.insert(out.end(), row, row + static_cast<std::ptrdiff_t>(width));
  }
  return out;
}

}  // namespace temper
