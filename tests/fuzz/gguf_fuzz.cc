// libFuzzer target of GGUF files: every input ends in ConfigError, or has tensors whose blocks make as many numbers as their shape says,
// and gives a config and a tokenizer.json, or ConfigError.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "cluster/base/error.h"
#include "cluster/base/log.h"
#include "policy/gguf/architecture.h"
#include "policy/gguf/container.h"
#include "policy/gguf/model_config.h"
#include "policy/gguf/tokenizer_file.h"
#include "policy/tokenizer/tokenizer.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckTensors(const temper::GgufContainer& file) {
  for (const temper::GgufTensor& tensor : file.tensors) {
    Require(tensor.data.size() == static_cast<uint64_t>(tensor.numel()) / tensor.type->values * tensor.type->bytes);
    std::vector<float> numbers(static_cast<size_t>(tensor.numel()));
    temper::Dequantize(*tensor.type, tensor.data, numbers.data());
    temper::HfNameOf(tensor.name);
  }
}

template <typename Make>
void OrConfigError(const Make& make) {
  try {
    make();
  } catch (const temper::ConfigError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  OrConfigError([&] {
    const temper::GgufContainer file = temper::ParseGguf("fuzz", input);
    CheckTensors(file);
    OrConfigError([&] { temper::ToConfigJson(temper::ConfigOfGguf(file)); });
    OrConfigError([&] {
      const auto tokenizer = temper::ParseTokenizer(temper::TokenizerJsonOfGguf(file.metadata, 1 << 16));
      for (const int32_t id : tokenizer->Encode("the 12 \xC3\xA9<s>", true)) Require(id >= 0 && id < 1 << 16);
    });
  });
  return 0;
}
