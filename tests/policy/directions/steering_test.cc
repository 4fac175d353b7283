// Directions added to a model's residual stream and projected out of it.
#include "policy/directions/steering.h"

#include <cmath>
#include <map>

#include <ATen/Parallel.h>
#include <ATen/ops/tensor.h>
#include <c10/core/InferenceMode.h>
#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "policy/formats/hf_checkpoint.h"
#include "policy/model/causal_sequences.h"
#include "policy/model/sequence_logits.h"
#include "tests/support/golden_checkpoints.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Direction OfVectors(const std::string& name, int64_t layers, int64_t width, const std::vector<float>& with) {
  Direction direction{name, PromptPlace::kInst, ClassSums(layers, width), ClassSums(layers, width), 1};
  direction.with.Add(with);
  direction.without.Add(std::vector<float>(with.size(), 0.0F));
  return direction;
}

// One layer that adds nothing, the embedding (3, 4) for every token, the output rows (1, 0), (0, 1) and (1, 1).
Transformer PlainModel() {
  TransformerConfig config;
  config.vocab_size = 3;
  config.hidden_size = config.head_dim = 2;
  config.intermediate_size = 2;
  config.num_layers = config.num_heads = config.num_kv_heads = 1;
  config.max_positions = 8;
  config.rms_norm_eps = 1e-12;
  config.tie_embeddings = false;
  Transformer model(config);
  model.flat().zero_();
  std::map<std::string, at::Tensor> parameters;
  for (const auto& [name, tensor] : model.parameters()) parameters[name] = tensor;
  parameters.at("model.norm.weight").fill_(1);
  parameters.at("model.embed_tokens.weight").copy_(at::tensor({3.0F, 4.0F}).unsqueeze(0).expand({3, 2}));
  parameters.at("lm_head.weight").copy_(at::tensor({1.0F, 0.0F, 0.0F, 1.0F, 1.0F, 1.0F}).view({3, 2}));
  model.WeightsChanged();
  return model;
}

std::vector<double> LogitsOf(const Transformer& model) {
  const at::Tensor logits = SequenceLogits(model, std::vector<int32_t>{0, 1});
  std::vector<double> last;
  for (int64_t v = 0; v < 3; ++v) last.push_back(double{logits.const_data_ptr<float>()[3 + v]});
  return last;
}

void ExpectNear(const std::vector<double>& got, const std::vector<double>& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-6) << i;  // fp32
}

TEST(Steering, AddsTheCoefficientTimesTheDirectionAtItsLayer) {
  at::set_num_threads(1);
  Transformer model = PlainModel();
  const double rms = std::sqrt((9.0 + 16.0) / 2);
  ExpectNear(LogitsOf(model), {3 / rms, 4 / rms, 7 / rms});
  const Direction direction = OfVectors("harm", 2, 2, {0.25F, -1, 0.5F, -2});
  model.SetResidualEdit(SteerAlong(direction, 2, 1, model));  // (3, 4) + 2 (.5, -2) = (4, 0), whose root mean square is sqrt(8)
  ExpectNear(LogitsOf(model), {std::sqrt(2.0), 0, std::sqrt(2.0)});
  model.SetResidualEdit(SteerAlong(direction, 4, 0, model));  // at the embeddings: + 4 (.25, -1), the same
  ExpectNear(LogitsOf(model), {std::sqrt(2.0), 0, std::sqrt(2.0)});
}

TEST(Ablation, TakesOutWhatStandsAlongTheDirection) {
  at::set_num_threads(1);
  Transformer model = PlainModel();
  const Direction direction = OfVectors("harm", 2, 2, {0, 0, 7, 0});  // no length at the embeddings
  model.SetResidualEdit(AblateDirection(direction, -1, model));       // (0, 4)
  ExpectNear(LogitsOf(model), {0, std::sqrt(2.0), std::sqrt(2.0)});
}

class AblatedCheckpoint : public ::testing::TestWithParam<bool> {};

TEST_P(AblatedCheckpoint, HasNoPartAlongTheDirectionBehindAnyLayer) {
  at::set_num_threads(1);
  Transformer model = LoadHfModel(GoldenCheckpointsFolder() + "/llama");
  if (GetParam()) model.UsePortable();
  const int64_t layers = model.config().num_layers + 1, width = model.config().hidden_size;
  KeyedStream stream(9, "direction");
  std::vector<float> values(static_cast<size_t>(layers * width));
  for (float& value : values) value = static_cast<float>(stream.Normal());
  const Direction direction = OfVectors("refusal", layers, width, values);
  for (const int64_t from : {int64_t{-1}, int64_t{1}}) {
    model.SetResidualEdit(AblateDirection(direction, from, model));
    const c10::InferenceMode inference;
    const std::vector<int32_t> tokens = {3, 9, 27, 14, 60};
    const std::vector<std::span<const int32_t>> sequences = {tokens};
    const PackedSequences packed(model.config(), sequences);
    const auto attention = MakeCausalAttention(model, packed.lengths);
    const auto states = model.StreamOfRows(packed.tokens_T, packed.positions_T, *attention, at::tensor(std::vector<int64_t>{1, 4}));
    for (int64_t layer = 0; layer < layers; ++layer)
      for (int64_t row = 0; row < 2; ++row) {
        const float* x = states[static_cast<size_t>(layer)].const_data_ptr<float>() + row * width;
        const std::vector<double> state(x, x + width);
        // fp32 numbers and a unit vector that is rounded to it: 24 bits
        EXPECT_LT(std::abs(Cosine(state, direction.Vector(from >= 0 ? from : layer))), 1e-6) << layer;
        EXPECT_GT(Length(state), 0);
      }
  }
}

INSTANTIATE_TEST_SUITE_P(Forwards, AblatedCheckpoint, ::testing::Bool(),
                         [](const auto& p) { return std::string(p.param ? "ByAten" : "ByOwnKernels"); });

TEST(MakeEdit, ReadsFilesNamesCoefficientsAndLayers) {
  at::set_num_threads(1);
  const TempFolder folder;
  const std::string path = folder / "a:b.json";
  const DirectionSet set{"hash", "name", {OfVectors("harm", 2, 2, {0.25F, -1, 0.5F, -2})}};
  WriteBytes(path, DirectionsAsJson(set, nlohmann::ordered_json::object()));
  Transformer model = PlainModel();
  for (const char* text : {":harm=2", ":harm=2:1", ":harm=4:0"}) {  // the best layer is the first
    model.SetResidualEdit(MakeEdit({.steer = {path + text}, .ablate = {}}, model, "hash"));
    ExpectNear(LogitsOf(model), {std::sqrt(2.0), 0, std::sqrt(2.0)});
  }
  model.SetResidualEdit(MakeEdit({.steer = {path + ":harm=-1", path + ":harm=3"}, .ablate = {}}, model, ""));
  ExpectNear(LogitsOf(model), {std::sqrt(2.0), 0, std::sqrt(2.0)});
  EXPECT_EQ(MakeEdit({}, model, "hash"), nullptr);
  const auto fails = [&](const std::string& steer, const std::string& ablate, const std::string& hash, const char* what) {
    EditRequest request;
    if (!steer.empty()) request.steer = {steer};
    if (!ablate.empty()) request.ablate = {ablate};
    EXPECT_THAT([&] { MakeEdit(request, model, hash); }, ThrowsMessage<ConfigError>(HasSubstr(what))) << steer << ablate;
  };
  fails(path + ":harm", "", "hash", "FILE:NAME=COEFF");
  fails(path + ":harm=x", "", "hash", "COEFF a number");
  fails(path + ":harm=1:2", "", "hash", "layers 0 to 1");
  fails(path + ":refusal=1", "", "hash", "it has harm");
  fails("", path + ":harm", "else", "another model");
  fails("", "harm", "hash", "expected FILE:NAME");
  fails("", (folder / "none.json") + ":harm", "hash", "none.json");
}

}  // namespace
}  // namespace temper
