// Hidden states of layers, several sequences in one forward, against transformers (tests/golden/hidden_features_golden.py).
#include <cmath>
#include <cstring>
#include <fstream>

#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "policy/formats/hf_checkpoint.h"
#include "policy/model/causal_sequences.h"
#include "tests/support/golden_checkpoints.h"

namespace temper {
namespace {

nlohmann::json Golden() {
  return nlohmann::json::parse(std::ifstream(std::string(TEMPER_SOURCE_DIR) + "/tests/golden/hidden_features.json"));
}

std::vector<at::Tensor> StatesOf(const Transformer& model, const std::vector<std::vector<int32_t>>& sequences,
                                 const std::vector<int64_t>& layers) {
  const c10::InferenceMode inference;
  const std::vector<std::span<const int32_t>> spans(sequences.begin(), sequences.end());
  const PackedSequences packed(model.config(), spans);
  CausalSequences attention(model, packed.lengths);
  return model.HiddenOfLayers(packed.tokens_T, packed.positions_T, attention, layers);
}

std::vector<int64_t> AllLayers(const Transformer& model) {
  std::vector<int64_t> layers;
  for (int64_t i = 0; i <= model.config().num_layers; ++i) layers.push_back(i);
  return layers;
}

class HiddenStates : public ::testing::TestWithParam<const char*> {
 protected:
  const Transformer model_ = LoadHfModel(GoldenCheckpointsFolder() + "/" + GetParam());
};

TEST_P(HiddenStates, AreThoseOfTransformersBehindEveryLayer) {
  const nlohmann::json golden = Golden();
  const auto sequences = golden["tokens"].get<std::vector<std::vector<int32_t>>>();
  const std::vector<at::Tensor> states = StatesOf(model_, sequences, AllLayers(model_));
  int64_t begin = 0;
  for (size_t s = 0; s < sequences.size(); ++s) {
    for (size_t layer = 0; layer < states.size(); ++layer) {
      const auto& expected = golden["states"][GetParam()][s][layer];
      for (size_t t = 0; t < sequences[s].size(); ++t) {
        const float* row = states[layer].const_data_ptr<float>() + (begin + static_cast<int64_t>(t)) * model_.config().hidden_size;
        // States are up to 50; fp32 sums in another order differ in the sixth digit.
        for (size_t d = 0; d < expected[t].size(); ++d)
          ASSERT_NEAR(row[d], expected[t][d].get<double>(), 1e-4) << "sequence " << s << " layer " << layer << " token " << t;
      }
    }
    begin += static_cast<int64_t>(sequences[s].size());
  }
}

TEST_P(HiddenStates, DoNotDependOnWhatIsBesideThem) {
  const auto sequences = Golden()["tokens"].get<std::vector<std::vector<int32_t>>>();
  const int64_t last = model_.config().num_layers;
  const at::Tensor together = StatesOf(model_, sequences, {last}).at(0);
  int64_t begin = 0;
  for (const auto& sequence : sequences) {
    const at::Tensor alone = StatesOf(model_, {sequence}, {last}).at(0);
    EXPECT_EQ(std::memcmp(alone.const_data_ptr(), together.const_data_ptr<float>() + begin * alone.size(1), alone.nbytes()), 0);
    begin += static_cast<int64_t>(sequence.size());
  }
}

INSTANTIATE_TEST_SUITE_P(Families, HiddenStates, ::testing::Values("llama", "mistral", "qwen3_window"),
                         [](const auto& p) { return std::string(p.param); });

TEST(HiddenStates, OfALayerThatIsNotThereOrOutOfOrderAreRefused) {
  const Transformer model = LoadHfModel(GoldenCheckpointsFolder() + "/llama");
  EXPECT_THROW(StatesOf(model, {{3, 4}}, {3}), Error);
  EXPECT_THROW(StatesOf(model, {{3, 4}}, {2, 1}), Error);
  EXPECT_THROW(StatesOf(model, {{3, 67}}, {1}), Error);
  EXPECT_THROW(StatesOf(model, {{3}, {}}, {1}), Error);
}

}  // namespace
}  // namespace temper
