#pragma once

#include <fstream>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "policy/tokenizer/tokenizer.h"

namespace temper {

// A file of tests/golden/tokenizer: {"tokenizer": a tokenizer.json, "cases": what the `tokenizers` library makes of texts and ids}.
inline nlohmann::json ReadTokenizerGolden(const std::string& name) {
  const std::string path = std::string(TEMPER_SOURCE_DIR) + "/tests/golden/tokenizer/" + name + ".json";
  std::ifstream in(path);
  EXPECT_TRUE(in.good()) << path;
  return nlohmann::json::parse(in);
}

inline std::unique_ptr<Tokenizer> GoldenTokenizerNamed(const std::string& name) {
  return ParseTokenizer(ReadTokenizerGolden(name)["tokenizer"].dump());
}

// What a decoder gives id by id, each part followed by `mark`.
inline std::string StreamIds(const Tokenizer& tokenizer, const std::vector<int32_t>& ids, bool skip_specials,
                             const std::string& mark = "") {
  StreamDecoder decoder(tokenizer, skip_specials);
  std::string text;
  for (const int32_t id : ids) text += decoder.Push(id) + mark;
  return text + decoder.Finish();
}

}  // namespace temper
