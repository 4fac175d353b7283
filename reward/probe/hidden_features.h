#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/base/enum_names.h"

namespace temper {

// Over which tokens a hidden state is pooled.
enum class Pooling : uint8_t { kAnswer, kPrompt, kLast, kPromptLast };
template <>
struct EnumNames<Pooling> {
  static constexpr std::string_view kWhat = "pooling";
  static constexpr EnumTable<Pooling, 4> kTable{
      {{Pooling::kAnswer, "answer"}, {Pooling::kPrompt, "prompt"}, {Pooling::kLast, "last"}, {Pooling::kPromptLast, "prompt_last"}}};
};

// How prompt and answer become tokens.
enum class TextLayout : uint8_t { kPlain, kChat };
template <>
struct EnumNames<TextLayout> {
  static constexpr std::string_view kWhat = "text layout";
  static constexpr EnumTable<TextLayout, 2> kTable{{{TextLayout::kPlain, "plain"}, {TextLayout::kChat, "chat"}}};
};

// The hidden states of one layer, pooled: as many numbers as the model is wide.
struct HiddenFeature {
  int64_t layer = 0;  // as transformers' output_hidden_states: 0 = embeddings, num_layers = behind the final norm
  Pooling pooling = Pooling::kAnswer;
};

// Which features of which text. Part of a probe: what was trained with one is asked with the same.
struct FeatureOptions {
  std::vector<HiddenFeature> features;     // at least one, at most kMaxFeatures, one after the other
  TextLayout layout = TextLayout::kPlain;  // plain: prompt, line break, answer; chat: the folder's chat template around them
  int64_t prompt_tokens = 64;              // of the prompt, its first ones
  int64_t answer_tokens = 128;             // of the answer, its first ones
};
inline constexpr size_t kMaxFeatures = 16;
inline constexpr int64_t kMaxTextTokens = 1 << 20;

// "16:answer,30:last". Throws ConfigError with what is wrong with it; a layer that the model lacks is found by HiddenFeatures.
std::vector<HiddenFeature> ParseFeatures(const std::string& text);
std::string FeaturesText(const std::vector<HiddenFeature>& features);
// All of the options in one line, for a key of a cache and for people: "16:answer plain 64+128".
std::string DescriptionOf(const FeatureOptions& options);
// Whether any feature needs the answer: without, a probe is one of the prompt alone, and answers are not read.
bool ReadsAnswer(const FeatureOptions& options);

struct ProbeText {
  std::string_view prompt;
  std::string_view answer;
};

// The features of texts by a frozen model in a Hugging Face folder, in fp32 on the CPU. The same text gives the same bits whatever is
// computed beside it. The tokens are those of the prompt's part (which holds what stands between prompt and answer, so it is never empty),
// then those of the answer:
//   answer       mean over the answer's tokens; of an answer without any, the last token before it
//   prompt       mean over the prompt's part
//   last         the last token of all
//   prompt_last  the last token of the prompt's part
class HiddenFeatures {
 public:
  // Throws ConfigError for a folder that cannot be read, a layer that the model lacks, texts longer than its positions, or a chat layout
  // without a template.
  HiddenFeatures(const std::string& folder, const FeatureOptions& options);
  ~HiddenFeatures();

  int64_t size() const;  // numbers of a text
  // [texts, size()], row by row.
  std::vector<float> Compute(std::span<const ProbeText> texts) const;

 private:
  struct Parts;
  std::unique_ptr<const Parts> parts_;
};

}  // namespace temper
