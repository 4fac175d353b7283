// Small GGUF files to folders, and what transformers made of the files (tests/golden/gguf_golden.py).
#include "policy/gguf/convert.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <ATen/TensorOperators.h>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "policy/formats/hf_weights.h"
#include "policy/formats/safetensors.h"
#include "policy/model/sequence_logits.h"
#include "policy/tokenizer/tokenizer.h"
#include "tests/policy/gguf/gguf_writer.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using testing::GgufWriter;
using ::testing::HasSubstr;

const std::string kGolden = std::string(TEMPER_SOURCE_DIR) + "/tests/golden/gguf/";

std::vector<int32_t> Ids(const at::Tensor& ids) {
  const int64_t* data = ids.const_data_ptr<int64_t>();
  return std::vector<int32_t>(data, data + ids.numel());
}

class GoldenGguf : public ::testing::TestWithParam<const char*> {
 protected:
  GoldenGguf() { ConvertGguf(kGolden + GetParam() + ".gguf", {}, scratch_ / "model"); }

  std::map<std::string, at::Tensor> Expected() const { return ReadSafetensors(kGolden + GetParam() + ".safetensors"); }

  TempFolder scratch_;
};

TEST_P(GoldenGguf, GivesTheLogitsOfTransformers) {
  const Transformer model = LoadHfModel(scratch_ / "model");
  const auto expected = Expected();
  const at::Tensor logits = SequenceLogits(model, Ids(expected.at("tokens"))), wanted = expected.at("logits");
  ASSERT_EQ(logits.sizes(), wanted.sizes());
  // The bound users are told of.
  for (int64_t i = 0; i < wanted.numel(); ++i) ASSERT_NEAR(logits.const_data_ptr<float>()[i], wanted.const_data_ptr<float>()[i], 1e-4) << i;
}

TEST_P(GoldenGguf, ContinuesGreedilyAsTransformersDoes) {
  const Transformer model = LoadHfModel(scratch_ / "model");
  const auto expected = Expected();
  std::vector<int32_t> tokens = Ids(expected.at("tokens"));
  tokens.resize(7);
  for (const int32_t wanted : Ids(expected.at("greedy"))) {
    const at::Tensor logits = SequenceLogits(model, tokens);
    const float* last = logits.const_data_ptr<float>() + (logits.size(0) - 1) * logits.size(1);
    tokens.push_back(static_cast<int32_t>(std::max_element(last, last + logits.size(1)) - last));
    EXPECT_EQ(tokens.back(), wanted);
  }
}

TEST_P(GoldenGguf, CutsTextsIntoTheSameTokens) {
  const auto tokenizer = LoadTokenizer(scratch_ / "model");
  for (const auto& row : nlohmann::json::parse(ReadBytes(kGolden + GetParam() + ".json")))
    EXPECT_EQ(tokenizer->Encode(row.at("text").get<std::string>(), true), row.at("ids").get<std::vector<int32_t>>()) << row.at("text");
}

INSTANTIATE_TEST_SUITE_P(Files, GoldenGguf, ::testing::Values("llama", "llama_sentencepiece", "llama_words", "qwen2", "qwen3"));

TEST(ConvertGguf, WritesTheFilesOfAFolder) {
  const TempFolder scratch;
  ConvertGguf(kGolden + "llama.gguf", {.type = at::kBFloat16}, scratch / "model");
  const auto config = nlohmann::json::parse(ReadBytes(scratch / "model/config.json"));
  EXPECT_EQ(config.at("model_type"), "llama");
  EXPECT_EQ(config.at("rms_norm_eps"), 1e-5);
  EXPECT_EQ(config.at("rope_theta"), 50000.0);
  EXPECT_EQ(config.at("tie_word_embeddings"), true);
  EXPECT_EQ(config.at("dtype"), "bfloat16");
  EXPECT_EQ(config.at("eos_token_id"), 2);
  EXPECT_FALSE(config.contains("rope_scaling"));
  EXPECT_THAT(ReadBytes(scratch / "model/chat_template.jinja"), HasSubstr("message['role']"));
  const auto tokenizer_config = nlohmann::json::parse(ReadBytes(scratch / "model/tokenizer_config.json"));
  EXPECT_EQ(tokenizer_config.at("eos_token"), "<|im_end|>");
  const auto vocab = nlohmann::json::parse(ReadBytes(scratch / "model/tokenizer.json")).at("model").at("vocab");
  EXPECT_FALSE(vocab.contains("[PAD321]"));  // fills the embedding up
  EXPECT_EQ(nlohmann::json::parse(ReadBytes(scratch / "model/generation_config.json")).at("eos_token_id"), 2);
  for (const auto& [name, tensor] : MapHfWeights(scratch / "model")) EXPECT_EQ(tensor.scalar_type(), at::kBFloat16) << name;
}

// A Llama model of one layer: hidden 4, two heads of 2, one of keys and values, 6 in the middle, 3 tokens.
struct Tiny {
  GgufWriter writer;
  explicit Tiny(const std::string& architecture = "llama") {
    writer.Text("general.architecture", architecture);
    const auto key = [&](const char* setting) { return architecture + "." + setting; };
    writer.Whole(key("context_length"), 16).Whole(key("embedding_length"), 4).Whole(key("feed_forward_length"), 6);
    writer.Whole(key("block_count"), 1).Whole(key("attention.head_count"), 2).Whole(key("attention.head_count_kv"), 1);
    writer.Real(key("attention.layer_norm_rms_epsilon"), 1e-6F);
  }
  Tiny& Tokenizer() {
    writer.Text("tokenizer.ggml.model", "gpt2").Text("tokenizer.ggml.pre", "gpt-2").Texts("tokenizer.ggml.tokens", {"a", "b", "ab"});
    writer.Texts("tokenizer.ggml.merges", {"a b"});
    return *this;
  }
  Tiny& Weights() {
    const auto add = [&](const char* name, std::vector<uint64_t> shape) {
      uint64_t count = 1;
      for (const uint64_t size : shape) count *= size;
      std::vector<float> values;
      for (uint64_t i = 0; i < count; ++i) values.push_back(static_cast<float>(i));
      writer.Floats(name, shape, values);
    };
    add("token_embd.weight", {3, 4});
    add("output_norm.weight", {4});
    for (const char* name : {"blk.0.attn_norm.weight", "blk.0.ffn_norm.weight"}) add(name, {4});
    for (const char* name : {"blk.0.attn_q.weight", "blk.0.attn_output.weight"}) add(name, {4, 4});
    for (const char* name : {"blk.0.attn_k.weight", "blk.0.attn_v.weight"}) add(name, {2, 4});
    for (const char* name : {"blk.0.ffn_gate.weight", "blk.0.ffn_up.weight"}) add(name, {6, 4});
    add("blk.0.ffn_down.weight", {4, 6});
    return *this;
  }
  // "" where it converts.
  std::string Error() const {
    const TempFolder scratch;
    WriteBytes(scratch / "x.gguf", writer.Bytes());
    try {
      ConvertGguf(scratch / "x.gguf", {}, scratch / "out");
    } catch (const ConfigError& error) {
      EXPECT_FALSE(std::filesystem::exists(scratch / "out"));
      const std::string text = error.what();
      return text.substr(text.find("x.gguf"));
    }
    return "";
  }
};

TEST(ConvertGguf, PutsTheRowsOfAHeadWhereItsHalvesAreTurned) {
  const TempFolder scratch;
  Tiny tiny;
  tiny.writer.Whole("llama.attention.key_length", 4).Whole("llama.rope.dimension_count", 4).Whole("llama.attention.value_length", 4);
  // Heads of 4, row r of each filled with r: stored 0 1 2 3 are pairs (0, 1) and (2, 3), whose first members come first.
  std::vector<float> query(8 * 4), key(4 * 4);
  for (size_t i = 0; i < query.size(); ++i) query[i] = static_cast<float>(i / 4);
  for (size_t i = 0; i < key.size(); ++i) key[i] = static_cast<float>(i / 4);
  tiny.Tokenizer().writer.Floats("blk.0.attn_q.weight", {8, 4}, query).Floats("blk.0.attn_k.weight", {4, 4}, key);
  for (const char* name : {"output_norm.weight", "blk.0.attn_norm.weight", "blk.0.ffn_norm.weight"})
    tiny.writer.Floats(name, {4}, std::vector<float>(4));
  tiny.writer.Floats("token_embd.weight", {3, 4}, std::vector<float>(12)).Floats("blk.0.attn_v.weight", {4, 4}, std::vector<float>(16));
  tiny.writer.Floats("blk.0.attn_output.weight", {4, 8}, std::vector<float>(32));
  tiny.writer.Floats("blk.0.ffn_down.weight", {4, 6}, std::vector<float>(24));
  for (const char* name : {"blk.0.ffn_gate.weight", "blk.0.ffn_up.weight"}) tiny.writer.Floats(name, {6, 4}, std::vector<float>(24));
  WriteBytes(scratch / "x.gguf", tiny.writer.Bytes());
  ConvertGguf(scratch / "x.gguf", {}, scratch / "out");
  const auto tensors = MapHfWeights(scratch / "out");
  const auto first_column = [&](const char* name) {
    std::vector<float> column;
    const at::Tensor& tensor = tensors.at(name);
    for (int64_t row = 0; row < tensor.size(0); ++row) column.push_back(tensor.const_data_ptr<float>()[row * tensor.size(1)]);
    return column;
  };
  EXPECT_THAT(first_column("model.layers.0.self_attn.q_proj.weight"), ::testing::ElementsAre(0, 2, 1, 3, 4, 6, 5, 7));
  EXPECT_THAT(first_column("model.layers.0.self_attn.k_proj.weight"), ::testing::ElementsAre(0, 2, 1, 3));
}

TEST(ConvertGguf, TellsWhatItCannotConvert) {
  EXPECT_EQ(Tiny().Tokenizer().Weights().Error(), "");
  EXPECT_EQ(Tiny("gpt2").Tokenizer().Weights().Error(),
            "x.gguf: general.architecture: 'gpt2' is not supported; known are llama, qwen2, qwen3");
  const auto with = [](const auto& damage) {
    Tiny tiny;
    damage(&tiny.writer);
    return tiny.Tokenizer().Weights().Error();
  };
  EXPECT_EQ(with([](GgufWriter* w) { w->Whole("llama.expert_count", 8); }), "x.gguf: llama.expert_count: is not supported");
  EXPECT_EQ(with([](GgufWriter* w) { w->Text("general.type", "adapter"); }),
            "x.gguf: general.type: 'adapter' is not supported; only 'model' is");
  EXPECT_EQ(with([](GgufWriter* w) { w->Number("split.count", GgufValueType::kUint16, uint16_t{3}); }),
            "x.gguf: split.count: the model is split over 3 files; join them first (llama-gguf-split --merge)");
  EXPECT_EQ(with([](GgufWriter* w) { w->Whole("llama.rope.dimension_count", 1); }),
            "x.gguf: llama.rope.dimension_count: 1 is not supported; only the size of a head, 2, is");
  EXPECT_EQ(with([](GgufWriter* w) { w->Text("llama.rope.scaling.type", "longrope"); }),
            "x.gguf: llama.rope.scaling.type: 'longrope' is not supported; known are none, linear, yarn");
  EXPECT_THAT(with([](GgufWriter* w) { w->Floats("blk.0.ffn_gate_exps.weight", {1}, {1}); }),
              HasSubstr("tensor blk.0.ffn_gate_exps.weight is not a parameter of a llama model"));
  EXPECT_THAT(with([](GgufWriter* w) { w->Floats("blk.1.ffn_up.weight", {1}, {1}); }),
              HasSubstr("a tensor that is no parameter of a llama model"));
  EXPECT_THAT(with([](GgufWriter* w) { w->Floats("output.weight", {1, 4}, {0, 0, 0, 0}); }), HasSubstr("tensor lm_head.weight: shape"));
  EXPECT_THAT(with([](GgufWriter* w) { w->Floats("output.weight", {3, 4}, std::vector<float>(12, NAN)); }), HasSubstr("output.weight"));
  EXPECT_THAT(with([](GgufWriter* w) { w->Floats("rope_freqs.weight", {1}, {3}); }), HasSubstr("not those of Llama 3's scaling"));
  EXPECT_EQ(with([](GgufWriter* w) { w->Floats("rope_freqs.weight", {1}, {1}); }), "");
  EXPECT_EQ(with([](GgufWriter* w) { w->Number("tokenizer.chat_template", GgufValueType::kBool, true); }),
            "x.gguf: tokenizer.chat_template: expected a text, found true or false");
  EXPECT_EQ(Tiny().Weights().Error(), "x.gguf: tokenizer.ggml.model: missing");
  EXPECT_EQ(Tiny().Tokenizer().Error(), "x.gguf: tensor token_embd.weight is missing");
}

TEST(ConvertGguf, TellsWhatIsWrongWithATokenizer) {
  const auto with = [](const auto& tokenizer) {
    Tiny tiny;
    tokenizer(&tiny.writer);
    return tiny.Weights().Error();
  };
  const auto model = [](GgufWriter* w, const char* name) -> GgufWriter& { return w->Text("tokenizer.ggml.model", name); };
  const auto gpt2 = [&](GgufWriter* w, const char* pre) -> GgufWriter& { return model(w, "gpt2").Text("tokenizer.ggml.pre", pre); };
  const char* tokens = "tokenizer.ggml.tokens";
  EXPECT_THAT(with([&](GgufWriter* w) { model(w, "bert"); }), HasSubstr("'bert' is not supported; known are gpt2, llama"));
  EXPECT_THAT(with([&](GgufWriter* w) { gpt2(w, "default").Texts(tokens, {"a"}); }),
              HasSubstr("tokenizer.ggml.pre: 'default' is not supported; known are deepseek-r1-qwen, falcon3, gpt-2"));
  EXPECT_EQ(with([&](GgufWriter* w) {
              gpt2(w, "gpt-2").Texts(tokens, {"a", "b", "c", "d"});
            }),
            "x.gguf: tokenizer.ggml.tokens: 4 tokens, but the embedding has 3 rows");
  EXPECT_EQ(with([&](GgufWriter* w) {
              gpt2(w, "gpt-2").Texts(tokens, {"a", "b", "a"});
            }),
            "x.gguf: tokenizer.ggml.tokens: token a is there twice");
  EXPECT_THAT(with([&](GgufWriter* w) { gpt2(w, "gpt-2").Texts(tokens, {"a", "\xFF"}); }), HasSubstr("tokens: is not UTF-8"));
  EXPECT_THAT(with([&](GgufWriter* w) {
                gpt2(w, "gpt-2").Texts(tokens, {"a", "b"}).Texts("tokenizer.ggml.merges", {"ab"});
              }),
              HasSubstr("expected two tokens with a space between them, found ab"));
  EXPECT_THAT(with([&](GgufWriter* w) {
                gpt2(w, "gpt-2").Texts(tokens, {"a", "b"}).Texts("tokenizer.ggml.merges", {"a b"});
              }),
              HasSubstr("x.gguf: tokenizer.json: "));
  EXPECT_EQ(with([&](GgufWriter* w) {
              model(w, "llama").Texts(tokens, {"a", "b"});
            }),
            "x.gguf: tokenizer.ggml.scores: missing; the file has no merges either");
  EXPECT_EQ(with([&](GgufWriter* w) {
              gpt2(w, "gpt-2").Texts(tokens, {"a", "b"}).Numbers<int32_t>("tokenizer.ggml.token_type", GgufValueType::kInt32, {1});
            }),
            "x.gguf: tokenizer.ggml.token_type: 1 values for 2 tokens");
}

TEST(ConvertGguf, ADamagedFileIsNamed) {
  const TempFolder scratch;
  const std::string whole = ReadBytes(kGolden + "llama_words.gguf");
  // Every length of the settings and the list of tensors takes part; of the weights some.
  for (size_t size = 0; size < whole.size(); size += size < 12000 ? 101 : 997) {
    WriteBytes(scratch / "cut.gguf", whole.substr(0, size));
    EXPECT_THROW(ConvertGguf(scratch / "cut.gguf", {}, scratch / "out"), ConfigError) << size;
  }
  EXPECT_THROW(ConvertGguf(scratch / "absent.gguf", {}, scratch / "out"), ConfigError);
  EXPECT_THROW(ConvertGguf(scratch / ".", {}, scratch / "out"), ConfigError);
}

}  // namespace
}  // namespace temper
