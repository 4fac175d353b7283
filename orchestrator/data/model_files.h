#pragma once

#include <string>

#include "orchestrator/data/data_files.h"
#include "orchestrator/data/data_store.h"

namespace temper {

// What a data store has of the model: its tokenizer, shape and chat template. Each throws ConfigError naming the setting or the file.

// tokenizer.json of the policy's folder, or of the data's; "" = the byte-level one.
std::string TokenizerFile(const ExperimentConfig& config, const DataFiles& files);
// Its text.
std::string TokenizerText(const ExperimentConfig& config, const DataFiles& files);

// The shape of the model in a folder, which must be able to end an answer.
TransformerConfig ModelIn(const std::string& folder);

void SetTokenizer(const std::string& tokenizer_json, DataStore* store);

// Of the policy's folder, or from scratch with the store's tokenizer.
void SetModel(const ExperimentConfig& config, DataStore* store);

// What prompts are rendered by: the template of the policy's folder, where it has one and the config wants it.
void SetChat(const ExperimentConfig& config, DataStore* store);

}  // namespace temper
