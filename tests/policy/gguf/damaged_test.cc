// Files with a flipped byte, down to config and tokenizer: a ConfigError, or another model.
#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "policy/gguf/model_config.h"
#include "policy/gguf/tokenizer_file.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

const std::string kSeeds = std::string(TEMPER_SOURCE_DIR) + "/tests/fuzz/gguf_seeds/";

// "" where config and tokenizer come of it. What is thrown else ends the test.
std::string ErrorOf(const std::string& bytes) {
  try {
    const GgufContainer file = ParseGguf("x.gguf", bytes);
    const TransformerConfig config = ConfigOfGguf(file);
    ToConfigJson(config);
    TokenizerJsonOfGguf(file.metadata, config.vocab_size);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

class DamagedGguf : public ::testing::TestWithParam<const char*> {};

TEST_P(DamagedGguf, IsAnErrorThatNamesTheFileOrAnotherModel) {
  const std::string bytes = ReadBytes(kSeeds + GetParam());
  ASSERT_EQ(ErrorOf(bytes), "");
  size_t refused = 0;
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (const int flip : {1, 0x20, 0xFF}) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      const std::string error = ErrorOf(damaged);
      if (error.empty()) continue;
      ++refused;
      EXPECT_EQ(error.rfind("x.gguf: ", 0), 0U) << "byte " << at << ": " << error;
    }
  }
  EXPECT_GT(refused, bytes.size() / 4);  // the weights, and names that nobody asks for, may be anything
}

INSTANTIATE_TEST_SUITE_P(Seeds, DamagedGguf, ::testing::Values("byte_level", "sentencepiece", "k_quants"));

}  // namespace
}  // namespace temper
