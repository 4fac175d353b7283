#include <algorithm>
#include <deque>
#include <exception>
#include <iostream>
#include <map>

#include <c10/core/InferenceMode.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cluster/base/error.h"
#include "cluster/base/printable.h"
#include "cluster/base/utf8.h"
#include "cluster/host/cores.h"
#include "policy/kernels/torch_version.h"
#include "record/release/promotion.h"
#include "serve/chat.h"
#include "serve/line_reader.h"
#include "serve/text_generation.h"

namespace temper {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMostAtATime = 64;  // prompts in work
constexpr int64_t kPrefillTokens = 2048;

// Completions of one text, as lines on standard output.
void CompletePrompt(const TextGenerator& generator, const std::string& prompt) {
  GenerationEngine engine = generator.MakeEngine(kPrefillTokens);
  engine.Submit(generator.PromptRequest(0, RepairUtf8(prompt)));
  const bool terminal = isatty(STDOUT_FILENO) == 1;  // a model must not steer it
  while (!engine.idle()) {
    for (const TrajectoryGroup& group : engine.Step()) {
      for (const Trajectory& t : group.trajectories) {
        const std::string text = generator.TextOf(t);
        std::cout << (terminal ? PrintableText(text) : text) << (t.finished ? "" : " [cut]") << std::endl;
      }
    }
  }
}

// Prompts on standard input, one a line, decoded together; an object a line on standard output, in the order of the input.
class PromptLines {
 public:
  PromptLines(const TextGenerator& generator, const GenerateArguments& arguments)
      : generator_(generator),
        json_(arguments.json),
        system_(arguments.system),
        engine_(generator.MakeEngine(kPrefillTokens)),
        lines_(STDIN_FILENO) {}

  // What comes before a line that is wrong is completed and written; then its ConfigError is thrown.
  void Run() {
    while (!at_end_ || !engine_.idle()) {
      Read();
      if (engine_.idle()) continue;
      for (TrajectoryGroup& group : engine_.Step()) complete_[group.group_id] = std::move(group);
      Write();
    }
    if (mistake_) std::rethrow_exception(mistake_);
  }

 private:
  void Read() {
    std::string line;
    while (!at_end_ && prompts_.size() < kMostAtATime) {
      const LineReader::Result got = lines_.Next(engine_.idle(), &line);
      if (got == LineReader::Result::kNothing) return;
      at_end_ = got != LineReader::Result::kLine;
      if (at_end_) return;
      ++number_;
      if (line.find_first_not_of(" \t") == std::string::npos) continue;
      try {
        Submit(line);
      } catch (const ConfigError& error) {
        mistake_ = std::make_exception_ptr(ConfigError(Concat("standard input:", number_, ": ", error.what())));
        at_end_ = true;
      }
    }
  }

  void Submit(const std::string& line) {
    const uint64_t id = first_ + prompts_.size();
    std::string prompt = RepairUtf8(line);
    if (json_) {
      std::string error;
      const auto messages = ParseChatJson(line, &error);
      if (!messages) throw ConfigError(error);
      prompt = generator_.Render(WithSystem(*messages));
      engine_.Submit(generator_.ChatRequest(id, prompt));
    } else {
      engine_.Submit(generator_.PromptRequest(id, prompt));
    }
    prompts_.push_back(std::move(prompt));
  }

  // The system prompt asked for goes before messages that have none.
  Json WithSystem(Json messages) const {
    const auto is_system = [](const Json& m) { return m.is_object() && m.contains("role") && m["role"] == "system"; };
    if (!system_.empty() && messages.is_array() && std::none_of(messages.begin(), messages.end(), is_system))
      messages.insert(messages.begin(), Json({{"role", "system"}, {"content", system_}}));
    return messages;
  }

  void Write() {
    for (auto next = complete_.find(first_); next != complete_.end(); next = complete_.find(first_)) {
      Json out;
      out["prompt"] = prompts_.front();
      for (const Trajectory& t : next->second.trajectories) {
        Json completion;
        completion["text"] = generator_.TextOf(t);
        completion["tokens"] = t.tokens;
        completion["logprobs"] = t.logprobs;
        completion["policy_logprobs"] = t.policy_logprobs;
        completion["finished"] = t.finished;
        out["completions"].push_back(std::move(completion));
      }
      std::cout << out << std::endl;
      complete_.erase(next);
      prompts_.pop_front();
      ++first_;
    }
  }

  const TextGenerator& generator_;
  bool json_;
  std::string system_;
  GenerationEngine engine_;
  LineReader lines_;
  bool at_end_ = false;
  std::exception_ptr mistake_;
  int64_t number_ = 0;               // lines read
  uint64_t first_ = 0;               // group id of prompts_.front()
  std::deque<std::string> prompts_;  // in work, or complete and not written: lines as given, message lists as rendered
  std::map<uint64_t, TrajectoryGroup> complete_;
};

// What is asked of the model, and which model that is: a folder, or the one that a run's gate let through.
struct GenerateCommandArguments : GenerateArguments {
  std::string promoted, arm;
};

int GenerateCommand(GenerateCommandArguments arguments) {
  if (!arguments.promoted.empty()) arguments.model = PromotedWeights(arguments.promoted, arguments.arm);
  if (arguments.model.empty()) throw ConfigError("give --model FOLDER, or --promoted RUN for the weights that a run's gate let through");
  SetComputeThreads(UsableCores());
  const c10::InferenceMode inference;
  const bool chat = !arguments.prompt && !arguments.json && isatty(STDIN_FILENO) == 1;
  if (chat) return ChatOnTerminal(arguments);
  const TextGenerator generator(arguments);
  if (arguments.json && !generator.has_template()) throw ConfigError(Concat("--json: ", arguments.model, " has no chat template"));
  if (arguments.prompt) {
    CompletePrompt(generator, *arguments.prompt);
  } else {
    PromptLines(generator, arguments).Run();
  }
  return kExitDone;
}

void BindGenerate(CLI::App* command, GenerateCommandArguments* arguments) {
  auto* model = command->add_option("--model", arguments->model, "Hugging Face folder");
  auto* promoted =
      command->add_option("--promoted", arguments->promoted, "folder of a run: its weights that temper promote let through, and no others");
  promoted->excludes(model);
  command->add_option("--arm", arguments->arm, "the promoted arm, where there are several")->needs(promoted);
  auto* prompt = command->add_option("--prompt", arguments->prompt, "answer this prompt and print the completions as text");
  auto* json = command->add_flag("--json", arguments->json, "each line is a JSON list of messages, for the folder's chat template");
  json->excludes(prompt);
  command
      ->add_flag("--raw", arguments->raw,
                 "continue texts as they are; without it a prompt is a user's message where the folder has a chat template, as in training")
      ->excludes(json);
  command->add_option("--system", arguments->system, "system prompt, for a folder with a chat template");
  command->add_option("--temperature", arguments->temperature, "0 = greedy (default: generation_config.json's, then 1)");
  command->add_option("--top-k", arguments->top_k, "0 = off (default: generation_config.json's, then off)");
  command->add_option("--top-p", arguments->top_p, "1 = off (default: generation_config.json's, then off)");
  command->add_option("--max-new-tokens", arguments->max_new_tokens, "longest completion (default 256, or what the positions leave)");
  command->add_option("--min-new-tokens", arguments->min_new_tokens, "no stop before this many");
  command->add_option("-n,--samples", arguments->num_samples, "completions of each prompt")->check(CLI::Range(1, 1 << 20));
  command->add_option("--seed", arguments->seed, "keys the random numbers");
  command->add_option("--stop", arguments->stops, "text that ends a completion, which is shown without it; repeatable")
      ->allow_extra_args(false);
  auto* tokens = command
                     ->add_option("--mode-tokens", arguments->mode_tokens,
                                  "names of the mode tokens of the model (policy.mode_tokens), comma-separated: an answer begins with one")
                     ->delimiter(',')
                     ->allow_extra_args(false);
  command
      ->add_option("--gate", arguments->thresholds,
                   "NAME=T: the token comes where its probability among the mode tokens is at least T, and else not; repeatable")
      ->allow_extra_args(false)
      ->needs(tokens);
  command->add_option("--gate-bias", arguments->biases, "NAME=B: B is added to the token's logit; repeatable")
      ->allow_extra_args(false)
      ->needs(tokens);
  command->add_option("--dtype", arguments->dtype, "what is computed in: fp32 (default) or bf16")->check(CLI::IsMember({"fp32", "bf16"}));
  command
      ->add_option(
          "--steer", arguments->edit.steer,
          "FILE:NAME=COEFF[:LAYER]: add COEFF times a direction of a file of temper probe directions to the residual stream of every "
          "token behind a layer (default: its best one); repeatable")
      ->allow_extra_args(false);
  command
      ->add_option(
          "--ablate", arguments->edit.ablate,
          "FILE:NAME[:LAYER]: project a direction out of the residual stream at every layer, that of one layer or each layer's own: "
          "a diagnosis; repeatable")
      ->allow_extra_args(false);
  AddExamples(command,
              {{"temper generate --model MODEL", "a chat"},
               {"temper generate --model MODEL --prompt 'How do I pick a lock?' -n 4", "four answers"},
               {"temper generate --model MODEL --mode-tokens direct,safe_complete,redirect --gate redirect=0.3 --prompt '...'",
                "refuses where the model gives refusing at least 30 %"},
               {"temper generate --promoted runs/quickstart --prompt 'How do I pick a lock?'", "what the gate let through answers"},
               {"temper generate --model MODEL --raw < beginnings.txt > continued.jsonl", "texts, one a line, as they go on"}});
}

}  // namespace

void AddGenerateCommand(const CommandContext& context) {
  AddCommand<GenerateCommandArguments>(context, "generate",
                                       "a chat on a terminal; else prompts on standard input, one a line, to JSON on standard output: "
                                       "{prompt, completions: [{text, tokens, logprobs, policy_logprobs, finished}]}",
                                       BindGenerate, GenerateCommand);
}

}  // namespace temper
