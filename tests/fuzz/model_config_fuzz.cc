// libFuzzer target of config.json: every input ends in ConfigError, or is read and reads back from what is written.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "cluster/base/error.h"
#include "cluster/base/log.h"
#include "policy/model/transformer_config.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  temper::OpenLog({.file = "", .stderr_level = temper::LogLevel::kError});  // its warnings are about the inputs
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  temper::TransformerConfig config;
  try {
    config = temper::ParseTransformerConfig(text);
  } catch (const temper::ConfigError&) {
    return 0;
  }
  if (!(temper::ParseTransformerConfig(temper::ToConfigJson(config)) == config)) std::abort();
  const auto frequencies = temper::RopeFrequencies(config.head_dim, config.rope_theta, config.rope_scaling);
  if (static_cast<int64_t>(frequencies.size()) != config.head_dim / 2) std::abort();
  try {
    temper::SetStopIds(temper::StopIdsIn("config.json", text, config.vocab_size), &config);
  } catch (const temper::ConfigError&) {
  }
  temper::CheckTransformerConfig(config);
  return 0;
}
