#include "orchestrator/config/data_options.h"

#include <algorithm>
#include <set>

#include "cluster/base/error.h"
#include "evaluation/suites/suite.h"
#include "orchestrator/config/names.h"
#include "policy/model/options.h"

namespace temper {
namespace {

constexpr IntRange kRows{0, 1'000'000'000};

bool HasSuite(const std::string& name) {
  const auto suites = AllSuites();
  return std::any_of(suites.begin(), suites.end(), [&](const Suite* suite) { return suite->name == name; });
}

constexpr double kRoundingOfShares = 1e-9;

std::vector<std::string> SetNamesAsGiven(const DataConfig& data) {
  std::vector<std::string> names;
  if (data.source == DataSource::kWorld) {
    for (const WorldEvalSet& set : kWorldEvalSets) names.emplace_back(set.name);
    return names;
  }
  for (const auto& [name, file] : data.eval) names.push_back(name);
  if (data.eval.empty() && data.eval_fraction > 0) names.emplace_back(kHeldOutSet);
  for (const auto& [name, file] : data.suites) names.push_back(name);
  return names;
}

bool AreSetNamesUnique(const DataConfig& data) {
  const std::vector<std::string> names = EvalSetNames(data);
  return std::set<std::string>(names.begin(), names.end()).size() == names.size();
}

std::string SuiteNames() {
  std::string names;
  for (const Suite* suite : AllSuites()) names += Concat(names.empty() ? "" : ", ", suite->name);
  return names;
}

// The rule of the names of sets, which are files in a folder of the run.
void DescribeSetNames(const DataConfig& c, ConfigFields& f) {
  std::vector<std::string> names;
  for (const auto& [name, file] : c.eval) names.push_back(name);
  const std::string wrong = FirstNoName(names);
  f.Rule([wrong] { return wrong.empty(); }, Concat("data.eval must have names of ", kNameRule, ", not ", wrong));
}

void DescribeTransformRules(const DataConfig& c, ConfigFields& f) {
  f.Rule([&c] { return SumOfShares(c.transforms) <= 1 + kRoundingOfShares; }, "the shares of data.transforms must add up to 1 at most");
  std::string unknown;
  const std::vector<std::string> sets = SetNamesAsGiven(c);
  for (const TransformEntry& entry : c.transforms)
    for (const std::string& set : entry.eval)
      if (std::find(sets.begin(), sets.end(), set) == sets.end()) unknown = set;
  f.Rule([unknown] { return unknown.empty(); },
         Concat("data.transforms[].eval must name evaluation sets that the data has", unknown.empty() ? "" : ", not ", unknown));
  f.Rule([&c] { return AreSetNamesUnique(c); }, "data.transforms[].eval must not make a set whose name another one has");
}

std::string SuiteHelp() {
  std::string help;
  for (const Suite* suite : AllSuites()) {
    const std::string training = suite->eval_only.empty() ? "" : ", for evaluation alone";
    help += Concat(help.empty() ? "" : " ", suite->name, ": ", suite->about, " (", suite->licence, training, ".)");
  }
  return help;
}

}  // namespace

void Describe(DataConfig& c, ConfigFields& f) {
  f.Enum("source", &c.source, "world = the built-in world (docs/WORLD.md), files = your own prompts");
  f.UsedWhere(c.source == DataSource::kWorld, "world: not used, the prompts are those of files",
              [&c](ConfigFields& s) { s.Section("world", "size of the built-in world", [&c](ConfigFields& w) { Describe(c.world, w); }); });
  f.Path("path", &c.path, "prompts: .jsonl, .json (an object a line) or .csv; source files");
  f.Path("demonstrations", &c.demonstrations,
         "demonstrations for SFT (columns prompt and response); empty = from the policy spec's templates");
  f.String("tokenizer", &c.tokenizer, "byte_level, or a folder with tokenizer.json; for a policy from scratch on source files");
  f.PathMap("eval", &c.eval,
            "evaluation sets: name -> file; empty = eval_fraction of the prompts, never trained on. A name is one of a file, by the rule "
            "of run.name");
  f.PathMap("suites", &c.suites,
            Concat("published prompt sets: name -> the file as published, an evaluation set beside the others. ", SuiteHelp()));
  f.Path("held_out_answers", &c.held_out_answers,
         "answers that nothing is trained on (columns prompt and response): each evaluation tells how likely the policy finds them, as "
         "perplexity; it rises where an ability is lost");
  f.Real("eval_fraction", &c.eval_fraction, {0, 0.9}, "share of the prompts held out for evaluation when data.eval is empty");
  f.Section("columns", "which column is what; empty = the files have none", [&c](ConfigFields& m) { Describe(c.columns, m); });
  f.Int("bad_row_budget", &c.bad_row_budget, kRows, "malformed rows to skip and count; one more is an error");
  f.Int("limit", &c.limit, kRows, "rows to read; 0 = all");
  f.String("prompt_template", &c.prompt_template,
           "what the model is shown; {prompt} stands for the prompt. Graders always see the bare prompt");
  f.Enum("chat_template", &c.chat_template,
         "auto = prompts and demonstrations are rendered by the chat template of policy.path, where it has one; none = the bare text");
  f.String("system_prompt", &c.system_prompt, "system message before conversations that have none; needs a chat template");
  f.Int("max_prompt_tokens", &c.max_prompt_tokens, kModelWidth, "longer prompts are left out and counted");
  f.Bool("stratify_by_intent", &c.stratify_by_intent, "draw training prompts in equal parts from each intent");
  f.ListOf(
      "transforms", "rewrites of a share of the training prompts, their intent kept; evaluation sets stay as they are",
      [&c](size_t index, ConfigFields& entry) {
        if (c.transforms.size() <= index) c.transforms.resize(index + 1);
        DescribeTransform(index, &c.transforms[index], entry);
      },
      TransformTypes().types().size());
  DescribeTransformRules(c, f);
  DescribeSetNames(c, f);
  f.Rule([&c] { return std::all_of(c.suites.begin(), c.suites.end(), [](const auto& each) { return HasSuite(each.first); }); },
         Concat("data.suites must name known suites: ", SuiteNames()));
  f.Rule([&c] { return c.suites.empty() || c.source == DataSource::kFiles; },
         "data.suites needs data.source: files; the built-in world's grader reads only its own language");
  f.Rule([&c] { return c.held_out_answers.empty() || c.source == DataSource::kFiles; }, "data.held_out_answers needs data.source: files");
  f.Rule([&c] { return std::none_of(c.suites.begin(), c.suites.end(), [&c](const auto& each) { return c.eval.contains(each.first); }); },
         "data.suites and data.eval must not name the same set");
  f.Rule([&c] { return c.source == DataSource::kWorld || !c.path.empty(); }, "data.path is needed with data.source files (data.path=FILE)");
}

std::vector<std::string> EvalSetNames(const DataConfig& data) {
  std::vector<std::string> names = SetNamesAsGiven(data);
  for (const TransformEntry& entry : data.transforms)
    for (const std::string& set : entry.eval) names.push_back(RewrittenSet(set, entry));
  return names;
}

}  // namespace temper
