#pragma once

#include <memory>
#include <string>

#include "orchestrator/data/data_files.h"
#include "policy/chat/chat_template.h"
#include "policy/tokenizer/tokenizer.h"

namespace temper {

// What an arm reads of the model: its tokenizer, shape and chat template. Each throws ConfigError naming the setting or the file.

// tokenizer.json of the policy's folder, or of the data's; "" = the byte-level one.
std::string TokenizerFile(const ExperimentConfig& config, const DataFiles& files);
// Its text, with the tokens of policy.mode_tokens.
std::string TokenizerText(const ExperimentConfig& config, const DataFiles& files);

// Where policy.path is a LoRA adapter's folder, that of the model that it is on; else "".
std::string AdapterBase(const ExperimentConfig& config);

// The shape of the model: of the policy's folder, which must be able to end an answer, or from scratch with this tokenizer. Every end token
// that a file of the folder names ends an answer; where the files disagree, *remark says so (may be null).
TransformerConfig ModelFor(const ExperimentConfig& config, const Tokenizer& tokenizer, std::string* remark = nullptr);

// The folder that the policy starts from: policy.path, or where its tokenizer lacks tokens of
// policy.mode_tokens the folder `grown`. That is a copy of the model with rows for them, which is
// written where it is not there with these tokens, of this very model. `tokenizer_json`: with the tokens. Throws
// ConfigError where the model cannot be read, Error where the copy cannot be written.
std::string GrownModel(const ExperimentConfig& config, const std::string& tokenizer_json, const std::string& grown);

// What prompts are rendered by: the template of the policy's folder, where it has one and the config wants it, else null.
std::unique_ptr<const ChatTemplate> ChatTemplateFor(const ExperimentConfig& config);

}  // namespace temper
