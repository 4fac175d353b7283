#pragma once

#include <optional>
#include <string>

#include "policy/formats/safetensors.h"
#include "policy/model/lora.h"

namespace temper {

// Writes a folder in PEFT's layout, adapter_config.json and adapter_model.safetensors, flushed to disk. `base` is the folder or name of
// the model that the adapter was trained on; "" = it has none.
void SavePeftAdapter(const LoraAdapter& adapter, const std::string& base, const std::string& folder);

// Where the adapter of a folder that a run wrote lies: the folder itself, or adapter/ in it beside a merged model.
std::string AdapterIn(const std::string& folder);

// Whether a folder is an adapter's alone, without the model that it is on.
bool IsPeftAdapter(const std::string& folder);

// The folder of the model that an adapter's folder is on, as its adapter_config.json names it; relative ones are of the working directory,
// as PEFT has it. Throws ConfigError where no model is there.
std::string BaseOfPeftAdapter(const std::string& folder);

// Whether the adapter's output projection or embedding is no longer what it was tied to (see MergePeftAdapter).
bool PartsTiedEmbeddings(const std::string& folder);

// Gives an adapter's parameters() the numbers of a folder that SavePeftAdapter wrote, bit for bit. Throws ConfigError where the folder
// holds those of another model, rank or targets.
void LoadPeftAdapter(const std::string& folder, const NamedTensors& parameters);

// Adds the LoRA adapter of a folder in PEFT's layout to the parameters of its base, in fp32. The
// targets stay so when they will be written in the type `written`, else they are rounded to the
// type they had. Saved modules take the place of the base's. Where the output projection is adapted
// or saved and *tied to the embedding, it becomes a parameter of its own and *tied false. What PEFT
// can hold and this cannot merge (DoRA, biases, adapters of embeddings) is refused: every failure
// is a ConfigError that names file and tensor.
void MergePeftAdapter(const std::string& folder, std::optional<at::ScalarType> written, NamedTensors* parameters, bool* tied);

}  // namespace temper
