#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "learner/derta.h"
#include "learner/train_batch.h"
#include "orchestrator/config/experiment_config.h"
#include "orchestrator/data/data_files.h"
#include "orchestrator/data/eval_set.h"
#include "orchestrator/data/gold_answers.h"
#include "orchestrator/data/mode_tokens.h"
#include "policy/chat/chat_template.h"
#include "policy/model/transformer_config.h"
#include "policy/tokenizer/tokenizer.h"
#include "reward/spec/policy_spec.h"
#include "rollout/data/prompt.h"
#include "rollout/engine/sampling_options.h"

namespace temper {

// Everything an arm reads: loaded once, before any worker is asked for anything.
struct DataStore {
  std::string tokenizer_json;
  std::unique_ptr<Tokenizer> tokenizer;
  TransformerConfig model;  // of the folder, or from scratch with the tokenizer's vocabulary and special ids
  std::string prompt_template;
  std::unique_ptr<const ChatTemplate> chat_template;  // what conversations are rendered by; null = prompts are bare texts
  std::string system_prompt;
  // Of a demonstration that is a conversation: the loss is on every turn of the assistant, not on the last alone.
  bool learn_all_turns = false;
  ModeTokens mode_tokens;
  std::vector<Prompt> train;
  std::vector<SftExample> demonstrations;
  std::vector<UnsafeAnswer> unsafe_answers;  // of each of them; empty where sft.derta is off
  int32_t transition_target = -1;            // token that sft.derta.transition teaches to say; -1 = off
  std::vector<EvalSet> eval_sets;
  std::vector<SftExample> held_out_answers;  // data.held_out_answers
  GoldAnswers gold;                          // reward.gold
  int64_t longest_prompt = 0;                // tokens, over training and evaluation prompts
  std::vector<std::string> remarks;  // what of the data is left out, or trained on and evaluated, a clause with its count for each cause
  uint64_t digest = 0;               // of the training data: a resumed run must find the same

  // The prompt as the model gets it. With a chat template it is the conversation and the beginning
  // of an answer, otherwise the filled prompt_template with the special tokens around a text.
  // ConfigError naming the prompt where the template refuses it.
  std::vector<int32_t> PromptTokens(const Prompt& prompt) const;
  // A demonstration, behind the token of its mode where it has one. The loss is on the answer, that
  // token included, which ends with a stop token, and with learn_all_turns on those before it.
  // *answer_begin: where in the tokens the answer begins; null = nobody asks.
  SftExample Example(const Demonstration& demonstration, int64_t* answer_begin = nullptr) const;
  // The sampling asked for, with the stops of the model and the gate of a prompt of this category.
  SamplingOptions Sampling(SamplingOptions wanted, const std::string& category) const;

  // Sets the token that sft.derta.transition teaches. ConfigError where there is no demonstration with an unsafe answer to learn from, or
  // no such token.
  void SetTransition(const DertaOptions& derta);
  // For each evaluation set with unsafe answers and each depth a set PrefillSetName(set, depth) after the others, whose answers begin with
  // so many tokens of the unsafe one. All depths have the same prompts: those whose unsafe answer is longer than the deepest, and that stay
  // within `limit` tokens with it. The others are left out with a remark. ConfigError where no set has such a prompt.
  void AddPrefilledSets(const std::vector<int64_t>& depths, int64_t limit);
  // Of the beginning of an answer the sentence that is not at its end. What follows is judged together with it. Nobody but the prefill said
  // the sentences before. A sentence ends with . ! ? or a new line.
  std::vector<int32_t> UnfinishedSentence(const std::vector<int32_t>& answer_begun) const;

 private:
  nlohmann::ordered_json Conversation(const Prompt& prompt) const;
};

// How prompts are read, without any: tokenizer, shape of the model and chat template.
DataStore OpenReader(const ExperimentConfig& config, const DataFiles& files);

// Reads the files (EnsureWorld). ConfigError for bad data, and naming the settings that leave nothing to train on.
DataStore LoadData(const ExperimentConfig& config, const PolicySpec& spec, const DataFiles& files);

// Warns of the store's remarks but those in *told, and adds them there: arms mostly read the same files.
void TellRemarks(const DataStore& store, std::set<std::string>* told);

// What of LoadData can be checked without reading all prompts or writing the built-in world. The
// model's folder can be served, every file is there, and prompts of the built-in world fit the
// limits. ConfigError in LoadData's words.
void CheckDataFiles(const ExperimentConfig& config);

// Indices of prompts by intent, in order of appearance: the strata of StratifiedOrder.
std::vector<std::vector<int64_t>> StrataByIntent(const std::vector<Prompt>& prompts);

}  // namespace temper
