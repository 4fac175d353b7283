#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "policy/formats/token_rows.h"
#include "policy/model/named_tensors.h"
#include "policy/model/transformer.h"

namespace temper {

class LoraAdapter;

// A folder of a model is a Hugging Face folder, or one of a LoRA adapter in PEFT's layout whose
// adapter_config.json names the folder of its base. Then the model is the base with the adapter
// merged in fp32. The tokenizer's and other files are those of the adapter's folder.

// A Hugging Face folder: config.json, model.safetensors or shards with model.safetensors.index.json (BF16, F16 and F32 are read),
// generation_config.json, the tokenizer's files. Tensors that are no parameter are refused, but for those that a pattern of `skip` names
// ("*" stands for any text). Every failure is a ConfigError that names file and tensor.
Transformer LoadHfModel(const std::string& folder, const std::vector<std::string>& skip = {});

// The config alone. The stop ids are those of generation_config.json and config.json (policy/formats/end_tokens.h); a config that
// ties the embeddings of weights that are not equal comes back untied, as it is loaded.
TransformerConfig LoadHfConfig(const std::string& folder);

// Whether LoadHfModel would take the folder, told from its config and the headers of its weights: throws what that would.
void CheckHfModel(const std::string& folder, const std::vector<std::string>& skip = {});

// Files beside config and weights that are carried from the folder loaded to the folders saved, unchanged: name -> bytes of those that
// are there (tokenizer files, chat template, generation_config.json).
using CompanionFiles = std::map<std::string, std::string>;
CompanionFiles ReadCompanionFiles(const std::string& folder);

struct SaveOptions {
  std::optional<at::ScalarType> type = std::nullopt;  // kFloat, kBFloat16 or kHalf; nothing = as the tensors are
  uint64_t max_shard_bytes = 5'000'000'000;           // weights above this go into several files with an index; a tensor is never split
  std::string tokenizer_json = "";                    // where `companions` hold no tokenizer.json; "" = none
  CompanionFiles companions = {};
  std::function<void(const std::string& folder)> write_more = {};  // writes what else belongs into the folder, before it gets its name
};

// Writes the folder whole under a temporary name, flushed to disk, the index last, and renames it; an existing one is replaced.
void SaveHfModel(const Transformer& model, const SaveOptions& options, const std::string& folder);

// The same of a model that is not opened: `tensors` are the parameters of `config`, as MatchParameters (policy/formats/hf_weights.h) gives
// them.
void SaveHfTensors(const TransformerConfig& config, const NamedTensors& tensors, const SaveOptions& options, const std::string& folder);

// Writes a folder of the adapter alone in the same way: PEFT's two files and the companions. `base` is the folder of the model that it is
// on, of the shape `config`.
void SaveAdapter(const LoraAdapter& adapter, const std::string& base, const TransformerConfig& config, const SaveOptions& options,
                 const std::string& folder);

// Writes the model of `folder` to `out` without computing with it: tensor by tensor, so that memory does not bound its size. Its
// companions are carried along with those of `options`. With `adapter`, a folder in PEFT's layout, that is merged into the weights it is
// on; these, and these alone, are held in memory. `skip` as for LoadHfModel.
void ConvertHfModel(const std::string& folder, SaveOptions options, const std::string& out, const std::string& adapter = "",
                    const std::vector<std::string>& skip = {});

// The same with rows for tokens that were added to the tokenizer, in the embedding and in an output
// projection of its own. The vocabulary grows to the highest id, where the file's padding does not
// hold it already. Only these matrices are held in memory. `options.companions` win over the
// folder's own, so that they can bring the tokenizer.json that has the tokens. ConfigError where a
// row is made of no token or of one that the model lacks.
void GrowHfModel(const std::string& folder, const std::vector<TokenRow>& rows, SaveOptions options, const std::string& out,
                 const std::vector<std::string>& skip = {});

}  // namespace temper
