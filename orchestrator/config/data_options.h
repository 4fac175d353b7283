#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "cluster/config/fields.h"
#include "rewrites/transforms/entry.h"
#include "rollout/data/column_mapping.h"
#include "world/options.h"

namespace temper {

enum class DataSource : uint8_t { kWorld, kFiles };
template <>
struct EnumNames<DataSource> {
  static constexpr std::string_view kWhat = "data source";
  static constexpr EnumTable<DataSource, 2> kTable{{{DataSource::kWorld, "world"}, {DataSource::kFiles, "files"}}};
};

// What renders prompts: the template of policy.path, where it has one, or nothing.
enum class ChatTemplateChoice : uint8_t { kAuto, kNone };
template <>
struct EnumNames<ChatTemplateChoice> {
  static constexpr std::string_view kWhat = "chat template";
  static constexpr EnumTable<ChatTemplateChoice, 2> kTable{{{ChatTemplateChoice::kAuto, "auto"}, {ChatTemplateChoice::kNone, "none"}}};
};

// Prompts and demonstrations.
struct DataConfig {
  DataSource source = DataSource::kWorld;
  WorldOptions world;
  std::string path;                           // prompts of `files`
  std::string demonstrations;                 // "" = written from the policy spec's templates
  std::string tokenizer = "byte_level";       // byte_level | a folder with tokenizer.json (files, policy from scratch)
  std::map<std::string, std::string> eval;    // set name -> file, of source files; none = a held-out share of `path`
  std::map<std::string, std::string> suites;  // suite -> its file as published; each is an evaluation set of the suite's name
  std::string held_out_answers;               // prompts with answers that nothing is trained on; "" = none
  double eval_fraction = 0.1;
  ColumnMapping columns;
  int64_t bad_row_budget = 0;
  int64_t limit = 0;
  std::string prompt_template = "{prompt}";
  ChatTemplateChoice chat_template = ChatTemplateChoice::kAuto;
  std::string system_prompt;
  int64_t max_prompt_tokens = 1024;
  bool stratify_by_intent = true;
  std::deque<TransformEntry> transforms;  // what training prompts are rewritten by
};

void Describe(DataConfig& config, ConfigFields& fields);

// Why a system prompt is refused, by the rule of the settings and where the model's folder turns out to have no template.
inline constexpr char kSystemPromptNeedsTemplate[] =
    "data.system_prompt needs a chat template: a policy.path with one, and data.chat_template: auto";

// The set of prompts that are held out of data.path.
inline constexpr char kHeldOutSet[] = "held_out";

// The evaluation sets that the data has, in order.
std::vector<std::string> EvalSetNames(const DataConfig& data);

}  // namespace temper
