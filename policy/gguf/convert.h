#pragma once

#include <string>

#include "policy/formats/hf_checkpoint.h"

namespace temper {

// Writes the model of a GGUF file as a Hugging Face folder: config, weights, tokenizer and chat template, as the file's settings and
// tensors have them. Quantized weights are written as the numbers that they stand for, in fp32 where `options` name no type. The whole
// model is held in memory, in bf16 where that is written, otherwise in fp32. Every failure is a ConfigError that names the file, and the
// setting or tensor.
void ConvertGguf(const std::string& path, SaveOptions options, const std::string& out);

}  // namespace temper
