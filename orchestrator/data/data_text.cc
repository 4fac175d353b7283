#include "orchestrator/data/data_text.h"

#include <map>

#include "cluster/base/error.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

constexpr size_t kMostIntents = 8;  // of more, no count of each is shown

std::string Counted(size_t count, const std::string& what) { return Concat(count, " ", what, count == 1 ? "" : "s"); }

// " (100 benign, 200 dual_use)"; "" where there is one intent or none.
std::string ByIntent(const std::vector<Prompt>& prompts) {
  std::map<std::string, size_t> counts;
  for (const Prompt& prompt : prompts) ++counts[prompt.intent];
  if (counts.size() < 2 || counts.size() > kMostIntents) return "";
  std::string text;
  for (const auto& [intent, count] : counts) text += Concat(text.empty() ? "" : ", ", count, " ", intent.empty() ? "without" : intent);
  return Concat(" (", text, ")");
}

std::string EvalSetsText(const std::vector<EvalSet>& sets) {
  if (sets.empty()) return "no evaluation set";
  std::string text;
  for (const EvalSet& set : sets) text += Concat(text.empty() ? "" : ", ", set.name, " ", set.prompts.size());
  return Concat(sets.size() == 1 ? "evaluation set: " : "evaluation sets: ", text);
}

// The template as a config would have it, shortened to a line.
std::string TemplateText(const std::string& text) {
  std::string line;
  for (const char c : text) line += c == '\n' ? std::string("\\n") : std::string(1, c);
  return Concat("data.prompt_template \"", Quoted(line), "\"");
}

std::string RenderedBy(const ExperimentConfig& config, const DataStore& data) {
  const bool filled = data.prompt_template != DataConfig().prompt_template;
  if (data.chat_template) {
    return Concat("rendered by the chat template ", data.chat_template->name(),
                  data.system_prompt.empty() ? "" : ", with data.system_prompt",
                  filled ? ", of " + TemplateText(data.prompt_template) : "");
  }
  if (filled) return Concat("filled into ", TemplateText(data.prompt_template), ", without a chat template");
  std::string why;
  if (config.data.chat_template == ChatTemplateChoice::kNone) {
    why = " (data.chat_template: none)";
  } else if (!config.policy.path.empty()) {
    why = Concat(" (", config.policy.path, " has no chat template)");
  }
  return "the bare text" + why;
}

}  // namespace

std::string DataText(const ExperimentConfig& config, const DataStore& data, const std::string& of) {
  std::string read;
  const auto add = [&](const std::string& part) { read += (read.empty() ? "" : ", ") + part; };
  if (config.HasStage("rl")) add(Counted(data.train.size(), "training prompt") + ByIntent(data.train));
  if (config.HasStage("sft")) {
    const bool own = config.data.source == DataSource::kWorld || !config.data.demonstrations.empty();
    add(Counted(data.demonstrations.size(), "demonstration") + (own ? "" : " written from the policy spec's templates"));
  }
  if (!data.held_out_answers.empty()) add(Counted(data.held_out_answers.size(), "held-out answer"));
  if (config.HasStage("eval") || config.eval.every > 0) add(EvalSetsText(data.eval_sets));
  if (read.empty()) return "";
  const std::string whose = of.empty() ? "" : " of " + of;
  return Concat("data", whose, ": ", read, "\n", "prompts", whose, ": ", RenderedBy(config, data), "\n");
}

}  // namespace temper
