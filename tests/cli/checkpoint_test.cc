// temper convert and temper logits as processes.
#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "policy/formats/safetensors.h"
#include "tests/support/golden_lora.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::HasSubstr;

const std::string kGolden = std::string(TEMPER_SOURCE_DIR) + "/tests/golden/transformer/";

class CliCheckpoint : public ::testing::Test {
 protected:
  // The exit code; output and errors are in output().
  int Run(const std::string& arguments) const {
    const int status = std::system((std::string(TEMPER_BINARY) + " " + arguments + " >" + (scratch_ / "output") + " 2>&1").c_str());
    return WEXITSTATUS(status);
  }
  std::string output() const { return ReadBytes(scratch_ / "output"); }
  TempFolder scratch_;
};

TEST_F(CliCheckpoint, ConvertsBackAndForth) {
  const std::string half = scratch_ / "half", back = scratch_ / "back";
  ASSERT_EQ(Run("convert --model " + kGolden + "llama3 --out " + half + " --dtype fp32 --shard-size 20KB"), 0) << output();
  EXPECT_TRUE(std::filesystem::exists(half + "/model.safetensors.index.json"));
  const auto index = nlohmann::json::parse(ReadBytes(half + "/model.safetensors.index.json"));
  EXPECT_EQ(index["weight_map"].size(), 20u);
  for (const auto& [name, file] : index["weight_map"].items()) {
    const at::Tensor tensor = ReadSafetensors(half + "/" + file.get<std::string>()).at(name);
    EXPECT_EQ(tensor.scalar_type(), at::kFloat);
  }
  ASSERT_EQ(Run("convert --model " + half + " --out " + back + " --dtype bf16"), 0) << output();
  EXPECT_EQ(ReadBytes(back + "/model.safetensors"), ReadBytes(kGolden + "llama3/model.safetensors"));
}

TEST_F(CliCheckpoint, ConvertMergesAnAdapter) {
  for (const GoldenLora& golden : GoldenLoras()) {
    const std::string merged = scratch_ / golden.name;
    ASSERT_EQ(Run("convert --model " + golden.base_folder() + " --adapter " + golden.folder() + " --dtype fp32 --out " + merged), 0)
        << output();
    const auto expected = ReadSafetensors(golden.folder() + "/expected.safetensors");
    const at::Tensor& tokens = expected.at("tokens");
    nlohmann::json ids = {nlohmann::json::array()};
    for (int64_t i = 0; i < tokens.numel(); ++i) ids[0].push_back(tokens.const_data_ptr<int64_t>()[i]);
    WriteBytes(scratch_ / "ids.json", ids.dump());
    ASSERT_EQ(Run("logits --model " + merged + " --ids " + (scratch_ / "ids.json") + " --out " + (scratch_ / "out.safetensors")), 0)
        << output();
    const at::Tensor logits = ReadSafetensors(scratch_ / "out.safetensors").at("logits.0"), wanted = expected.at("logits");
    ASSERT_EQ(logits.numel(), wanted.numel());
    for (int64_t i = 0; i < wanted.numel(); ++i)
      ASSERT_NEAR(logits.const_data_ptr<float>()[i], wanted.const_data_ptr<float>()[i], 1e-4) << golden.name;
  }
  EXPECT_EQ(Run("convert --model " + kGolden + "llama3 --adapter /nonexistent --out " + (scratch_ / "none")), 78);
  EXPECT_THAT(output(), HasSubstr("/nonexistent/adapter_config.json"));
}

TEST_F(CliCheckpoint, ConvertSaysWhatIsWrong) {
  EXPECT_EQ(Run("convert --model /nonexistent --out " + (scratch_ / "out")), 78);
  EXPECT_THAT(output(), HasSubstr("/nonexistent/config.json: cannot read"));
  EXPECT_EQ(Run("convert --model " + kGolden + "llama --out " + (scratch_ / "out") + " --dtype fp8"), 78);
  EXPECT_EQ(Run("convert --model " + kGolden + "llama --out " + (scratch_ / "out") + " --shard-size 5XB"), 78);
  EXPECT_THAT(output(), HasSubstr("--shard-size 5XB"));
  EXPECT_EQ(Run("convert --model " + kGolden + "llama --out " + kGolden + "llama"), 78);
  std::filesystem::create_directories(scratch_ / "precious");
  WriteBytes(scratch_ / "precious/thesis.txt", "x");
  EXPECT_EQ(Run("convert --model " + kGolden + "llama --out " + (scratch_ / "precious")), 78);
  EXPECT_TRUE(std::filesystem::exists(scratch_ / "precious/thesis.txt"));
}

TEST_F(CliCheckpoint, LogitsOfEachList) {
  const auto expected = ReadSafetensors(kGolden + "llama3/expected.safetensors");
  const at::Tensor& tokens = expected.at("tokens");
  nlohmann::json ids = nlohmann::json::array({{5, 6}, nlohmann::json::array()});
  for (int64_t i = 0; i < tokens.numel(); ++i) ids[1].push_back(tokens.const_data_ptr<int64_t>()[i]);
  WriteBytes(scratch_ / "ids.json", ids.dump());
  ASSERT_EQ(Run("logits --model " + kGolden + "llama3 --ids " + (scratch_ / "ids.json") + " --out " + (scratch_ / "out.safetensors")), 0)
      << output();
  const auto logits = ReadSafetensors(scratch_ / "out.safetensors");
  ASSERT_EQ(logits.size(), 2u);
  EXPECT_EQ(logits.at("logits.0").sizes(), (std::vector<int64_t>{2, 71}));
  const at::Tensor& wanted = expected.at("logits");
  ASSERT_EQ(logits.at("logits.1").sizes(), wanted.sizes());
  for (int64_t i = 0; i < wanted.numel(); ++i)
    EXPECT_NEAR(logits.at("logits.1").const_data_ptr<float>()[i], wanted.const_data_ptr<float>()[i], 1e-4);
}

TEST_F(CliCheckpoint, LogitsNamesTheListThatIsWrong) {
  const auto error = [&](const std::string& ids) {
    WriteBytes(scratch_ / "ids.json", ids);
    EXPECT_EQ(Run("logits --model " + kGolden + "llama3 --ids " + (scratch_ / "ids.json") + " --out " + (scratch_ / "o.safetensors")), 78);
    return output();
  };
  EXPECT_THAT(error("[1, 2]"), HasSubstr("list 0: expected a list of token ids"));
  EXPECT_THAT(error("[[1], []]"), HasSubstr("list 1 is empty"));
  EXPECT_THAT(error("[[71]]"), HasSubstr("list 0: 71 is not an id of the vocabulary of 71"));
  EXPECT_THAT(error("{"), HasSubstr("expected a JSON list of lists"));
  EXPECT_THAT(error(nlohmann::json({std::vector<int>(97, 1)}).dump()), HasSubstr("list 0 has 97 ids; the model has 96 positions"));
}

}  // namespace
}  // namespace temper
