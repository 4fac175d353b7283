#include "policy/model/options.h"

namespace temper {
namespace {

int64_t HeadDimOf(const TransformerConfig& shape) {
  return shape.head_dim == 0 && shape.num_heads > 0 ? shape.hidden_size / shape.num_heads : shape.head_dim;
}

int64_t ParametersOf(const TransformerConfig& shape) {
  const int64_t attention = shape.hidden_size * HeadDimOf(shape) * 2 * (shape.num_heads + shape.num_kv_heads);
  return shape.num_layers * (attention + 3 * shape.hidden_size * shape.intermediate_size);
}

void DescribeShape(TransformerConfig& s, ConfigFields& f) {
  f.Enum("model_type", &s.model_type, ModelFamilies(), "family, from scratch");
  f.Int("hidden_size", &s.hidden_size, kModelWidth, "width of the residual stream");
  f.Int("intermediate_size", &s.intermediate_size, kModelWidth, "width of the SwiGLU block");
  f.Int("num_layers", &s.num_layers, kModelLayers, "decoder layers");
  f.Int("num_heads", &s.num_heads, kModelHeads, "query heads");
  f.Int("num_kv_heads", &s.num_kv_heads, kModelHeads, "key/value heads; divides num_heads");
  f.Int("head_dim", &s.head_dim, {0, kHeadDim.max}, "width of a head; 0 = hidden_size / num_heads");
  f.Int("max_positions", &s.max_positions, kModelWidth, "longest sequence");
  f.Real("rms_norm_eps", &s.rms_norm_eps, kRmsNormEps, "epsilon of RMSNorm");
  f.Real("rope_theta", &s.rope_theta, kRopeTheta, "base of the rotary positions");
  f.Real("initializer_range", &s.initializer_range, {1e-6, 1}, "standard deviation of fresh weights, from scratch");
  f.Rule([&s] { return AreHeadCounts(s.num_heads, s.num_kv_heads); }, "policy.num_kv_heads must divide policy.num_heads");
  f.Rule(
      [&s] { return IsHeadDim(HeadDimOf(s)); },
      "policy.head_dim, or where it is 0 policy.hidden_size / policy.num_heads, must be even and 2 to 1024: rotary positions turn pairs");
  f.Rule([&s] { return !IsHeadDim(HeadDimOf(s)) || ParametersOf(s) <= kMaxParameters; },
         "policy.hidden_size, intermediate_size, num_layers, num_heads, num_kv_heads and head_dim must give at most 2^40 parameters: no "
         "machine holds more");
}

}  // namespace

TransformerConfig DefaultShape() {
  TransformerConfig shape;
  shape.hidden_size = 128;
  shape.intermediate_size = 384;
  shape.num_layers = 2;
  shape.num_heads = 4;
  shape.num_kv_heads = 4;
  shape.max_positions = 512;
  shape.rope_theta = 1000;
  return shape;
}

TransformerConfig ShapeFromScratch(const PolicyConfig& policy) {
  TransformerConfig shape = policy.shape;
  shape.head_dim = HeadDimOf(shape);
  shape.qkv_bias = shape.model_type == "qwen2";
  shape.qk_norm = shape.model_type == "qwen3";
  return shape;
}

void Describe(PolicyConfig& c, ConfigFields& f) {
  f.Path("path", &c.path, "Hugging Face folder to start from; empty = from scratch with the shape below");
  f.StringList("skip_tensors", &c.skip_tensors,
               "tensors of the folder that are no parameter of the model and are left aside, such as v_head.*; * stands for any text");
  f.UsedWhere(c.path.empty(), "model_type to initializer_range: as the folder of path has them",
              [&c](ConfigFields& s) { DescribeShape(c.shape, s); });
  f.Enum("dtype", &c.dtype, "type the learner computes in; master weights stay fp32");
  f.Section(
      "lora",
      "low-rank adapters on the model of policy.path: RL goes on from those that SFT trained, and a stage writes them in PEFT's layout",
      [&c](ConfigFields& l) { Describe(c.lora, l); });
  Describe(c.tokens, f);
  f.Rule([&c] { return !c.tokens.any() || !c.lora.enabled() || c.lora.adapts_output(); },
         "policy.mode_tokens with policy.lora.rank needs lm_head among policy.lora.target_modules: without it no adapter could learn when "
         "a token comes, its row of the output projection being frozen");
}

}  // namespace temper
