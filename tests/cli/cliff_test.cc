// `temper probe cliff` as a process, on a model one head of which was planted to hold refusals back.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "policy/formats/hf_checkpoint.h"
#include "policy/tokenizer/tokenizer.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

constexpr int kFirst = 4, kMiddle = 35, kMarker = 65;

// Two layers of two heads over a stream of 8 numbers. The first number of a word says whether it is to be refused (1) or not (-1), the
// second is 1 for the marker alone, the last four are noise. Attention is uniform; head 1 of layer 1 reads the marker and takes 40 times
// its share of the context off the first number. All else adds nothing.
void WriteModel(const std::string& folder) {
  TransformerConfig config;
  config.vocab_size = kMarker + 1;
  config.hidden_size = config.intermediate_size = 8;
  config.num_layers = config.num_heads = config.num_kv_heads = 2;
  config.head_dim = 4;
  config.max_positions = 64;
  config.bos_id = 1;
  config.eos_ids = {2};
  Transformer model(config);
  model.flat().zero_();
  std::map<std::string, at::Tensor> parameters;
  for (const auto& [name, tensor] : model.parameters()) {
    parameters[name] = tensor;
    if (name.ends_with("norm.weight")) parameters[name].fill_(1);
  }
  KeyedStream stream(2, "words");
  float* embedding = parameters.at("model.embed_tokens.weight").mutable_data_ptr<float>();
  for (int id = 0; id <= kMarker; ++id) {
    embedding[id * 8] = id >= kMiddle ? 1.0F : -1.0F;
    embedding[id * 8 + 1] = id == kMarker ? 1.0F : 0.0F;
    for (int d = 4; d < 8; ++d) embedding[id * 8 + d] = static_cast<float>(0.3 * stream.Normal());
  }
  parameters.at("model.layers.1.self_attn.v_proj.weight").mutable_data_ptr<float>()[4 * 8 + 1] = 1;    // head 1's first number
  parameters.at("model.layers.1.self_attn.o_proj.weight").mutable_data_ptr<float>()[0 * 8 + 4] = -40;  // to the stream's first
  std::vector<std::string> words;
  for (int id = kFirst; id <= kMarker; ++id) words.push_back(Concat("w", id));
  SaveHfModel(model, {.tokenizer_json = WordLevelTokenizerJson(words)}, folder);
}

TEST(CliffCommand, FindsTheCliffAndThePlantedHeadFirst) {
  const TempFolder folder;
  WriteModel(folder / "model");
  KeyedStream stream(1, "prompts");
  std::string prompts = "prompt,label\n", answers = "prompt,response\n";
  const auto word = [&](bool refused) { return Concat("w", (refused ? kMiddle : kFirst) + stream.Below(30)); };
  for (int i = 0; i < 300; ++i) prompts += Concat(word(i % 3 == 0), " ", word(i % 2 == 0), ",", i % 2 == 0 ? "refused" : "accepted", "\n");
  for (int i = 0; i < 3; ++i) {  // ten tokens, the marker before the last one
    answers += word(true) + ",\"";
    for (int k = 0; k < 8; ++k) answers += word(true) + " ";
    answers += Concat("w", kMarker, " ", word(true), "\"\n");
  }
  WriteBytes(folder / "prompts.csv", prompts);
  WriteBytes(folder / "answers.csv", answers);
  const std::string command =
      Concat("cd ", folder.path(), " && ", TEMPER_BINARY,
             " probe cliff --model model --harmful prompts.csv:prompt:label=refused --harmless prompts.csv:prompt:label=accepted "
             "--answers answers.csv --out cliff.json > out 2>&1 < /dev/null");
  const int status = std::system(command.c_str());
  ASSERT_EQ(WEXITSTATUS(status), kExitDone) << ReadBytes(folder / "out");
  const auto json = nlohmann::json::parse(ReadBytes(folder / "cliff.json"));
  EXPECT_GT(json["probe_accuracy"].get<double>(), 0.99);
  ASSERT_EQ(json["texts"].size(), 3U);
  for (const auto& text : json["texts"]) {
    auto scores = text["scores"].get<std::vector<double>>();
    ASSERT_EQ(scores.size(), 11U);  // the prompt's last token and ten of the answer, of which the last two are no plateau
    EXPECT_EQ(text["final"].get<double>(), scores.back());
    std::sort(scores.begin(), scores.begin() + 9);
    EXPECT_EQ(text["plateau"].get<double>(), scores[4]);
    EXPECT_GT(text["drop"].get<double>(), 0.5);
  }
  ASSERT_EQ(json["heads"].size(), 4U);
  EXPECT_EQ(json["heads"][0]["layer"], 1);
  EXPECT_EQ(json["heads"][0]["head"], 1);
  EXPECT_GT(json["heads"][0]["final_score"].get<double>(), json["heads"][1]["final_score"].get<double>() + 0.5);
}

}  // namespace
}  // namespace temper
