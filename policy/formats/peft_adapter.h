#pragma once

#include <optional>
#include <string>

#include "policy/formats/safetensors.h"
#include "policy/model/lora.h"

namespace temper {

// Writes a folder in PEFT's layout, adapter_config.json and adapter_model.safetensors, flushed to disk. `base` is the folder or name of
// the model that the adapter was trained on; "" = it has none.
void SavePeftAdapter(const LoraAdapter& adapter, const std::string& base, const std::string& folder);

// Adds the LoRA adapter of a folder in PEFT's layout to the parameters of its base, in fp32; the targets stay so when they will be
// written in the type `written`, else they are rounded to the type they had. Saved modules take the place of the base's. Where the output
// projection is adapted or saved and *tied to the embedding, it becomes a parameter of its own and *tied false. What PEFT can hold and this
// cannot merge (DoRA, biases, adapters of embeddings) is refused: every failure is a ConfigError that names file and tensor.
void MergePeftAdapter(const std::string& folder, std::optional<at::ScalarType> written, NamedTensors* parameters, bool* tied);

}  // namespace temper
