// temper logits: the logits of token sequences, to compare with another implementation.
#include <cstdio>

#include <c10/core/InferenceMode.h>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/host/cores.h"
#include "policy/formats/finite_weights.h"
#include "policy/formats/hf_checkpoint.h"
#include "policy/formats/safetensors.h"
#include "policy/kernels/torch_version.h"
#include "policy/model/sequence_logits.h"

namespace temper {
namespace {

struct LogitsArguments {
  std::string model;
  std::string ids;
  std::string out;
};

// The sequence of `list`, number `number` of the file, checked against what the model takes.
std::vector<int32_t> SequenceOf(const nlohmann::json& list, size_t number, const std::string& path, const TransformerConfig& config) {
  if (!list.is_array()) throw ConfigError(Concat(path, ": list ", number, ": expected a list of token ids"));
  std::vector<int32_t> tokens;
  for (const auto& id : list) {
    const bool fits = id.is_number_integer() && id >= 0 && id < config.vocab_size;
    if (!fits)
      throw ConfigError(Concat(path, ": list ", number, ": ", id.dump(), " is not an id of the vocabulary of ", config.vocab_size));
    tokens.push_back(id);
  }
  if (tokens.empty()) throw ConfigError(Concat(path, ": list ", number, " is empty"));
  if (static_cast<int64_t>(tokens.size()) > config.max_positions) {
    throw ConfigError(Concat(path, ": list ", number, " has ", tokens.size(), " ids; the model has ", config.max_positions, " positions"));
  }
  return tokens;
}

// Token ids (a JSON list of lists) in, fp32 logits [tokens, vocabulary] as tensors logits.0, logits.1, ... out.
int LogitsCommand(const LogitsArguments& arguments) {
  SetComputeThreads(UsableCores());
  const c10::InferenceMode inference;
  const Stopwatch watch;
  const Transformer model = LoadHfModel(arguments.model);
  std::fprintf(stderr, "read %s in %.2f s\n", arguments.model.c_str(), watch.Seconds());
  const auto lists =
      nlohmann::json::parse(ReadUserFile(arguments.ids, {.what = "the token ids", .max_bytes = kMaxDataBytes}), nullptr, false);
  if (!lists.is_array()) throw ConfigError(Concat(arguments.ids, ": expected a JSON list of lists of token ids"));
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  for (const auto& list : lists) {
    const std::vector<int32_t> tokens = SequenceOf(list, tensors.size(), arguments.ids, model.config());
    tensors.emplace_back(Concat("logits.", tensors.size()), SequenceLogits(model, tokens));
    CheckFinite(Concat("the logits of list ", tensors.size() - 1, " by ", arguments.model), {tensors.back()});
  }
  WriteSafetensors(arguments.out, tensors, {{"format", "pt"}});
  return kExitDone;
}

void BindLogits(CLI::App* command, LogitsArguments* arguments) {
  command->add_option("--model", arguments->model, "Hugging Face folder")->required();
  command->add_option("--ids", arguments->ids, "JSON: a list of lists of token ids")->required();
  command->add_option("--out", arguments->out, "safetensors file with logits.0, logits.1, ...")->required();
  AddExamples(command, {{"echo '[[1, 15, 7]]' > ids.json && temper logits --model MODEL --ids ids.json --out logits.safetensors",
                         "logits.0 has a row for each token"}});
}

}  // namespace

void AddLogitsCommand(const CommandContext& context) {
  AddCommand<LogitsArguments>(context, "logits", "logits of token sequences, to compare with another implementation", BindLogits,
                              LogitsCommand);
}

}  // namespace temper
