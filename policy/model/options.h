#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cluster/config/fields.h"
#include "policy/model/lora_options.h"
#include "policy/model/shape_limits.h"
#include "policy/model/token_options.h"
#include "policy/model/transformer_config.h"

namespace temper {

// What products are computed in; master weights are fp32 always.
enum class ComputeType : uint8_t { kFp32, kBf16 };
template <>
struct EnumNames<ComputeType> {
  static constexpr std::string_view kWhat = "type";
  static constexpr EnumTable<ComputeType, 2> kTable{{{ComputeType::kFp32, "fp32"}, {ComputeType::kBf16, "bf16"}}};
};

// Of the parameters beside the embeddings; more fit no machine.
inline constexpr int64_t kMaxParameters = int64_t{1} << 40;

// Of a policy from scratch: the quickstart's size.
TransformerConfig DefaultShape();

struct PolicyConfig {
  std::string path;                            // Hugging Face folder; "" = from scratch with the shape below
  std::vector<std::string> skip_tensors = {};  // of the folder, by name or pattern, that are left aside
  TransformerConfig shape = DefaultShape();
  ComputeType dtype = ComputeType::kFp32;  // of the learner
  LoraOptions lora;
  TokenOptions tokens;
};

// From config.json's defaults to a whole shape: the width of a head where it is left open, and what a family always has. The vocabulary
// and the special tokens are the tokenizer's, and left out.
TransformerConfig ShapeFromScratch(const PolicyConfig& policy);

void Describe(PolicyConfig& policy, ConfigFields& fields);

}  // namespace temper
