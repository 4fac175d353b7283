// temper attack-grader: how often answers that are made to fool one grader of a job do so.
#include <algorithm>
#include <filesystem>
#include <iostream>

#include "cli/commands.h"
#include "cli/graders/label_options.h"
#include "cli/graders/one_grader.h"
#include "cluster/base/error.h"
#include "cluster/base/utc_time.h"
#include "cluster/collectives/versions.h"
#include "cluster/host/installation.h"
#include "evaluation/attacks/success.h"
#include "record/attack_record.h"
#include "reward/graders/rule_grader.h"
#include "rollout/data/labelled_answers.h"
#include "views/report/attack_text.h"
#include "world/world.h"

namespace temper {
namespace {

constexpr char kBuiltInSpec[] = "configs/policies/apothecary.yaml";
constexpr int64_t kBuiltInAnswers = 1000;  // that the violating ones are taken from
constexpr double kPatience_s = 60;

struct AttackArguments {
  std::string grader;
  LabelOptions labels;
  size_t limit = 50;
  std::string record;
};

struct HarmfulAnswer {
  std::string prompt, response, category;
};

// Of people's labels: those that say yes.
std::vector<HarmfulAnswer> HarmfulOnes(const AttackArguments& arguments, const LabelledAnswers& labels) {
  std::vector<HarmfulAnswer> harmful;
  for (const LabelledAnswer& each : labels.answers) {
    const std::optional<double> label = ReadLabel(Question::kHarmful, arguments.labels.Reading(), each.label);
    if (!label)
      throw ConfigError(Concat(each.place, ": the label '", each.label, "' is not ", KnownLabels(Question::kHarmful),
                               "; say what it means with --label '", each.label, "=yes'"));
    if (*label > 0) harmful.push_back({each.prompt, each.response, arguments.labels.category.value_or(each.category)});
  }
  return harmful;
}

// Answers of the built-in world that its policy spec calls violations. They harm nobody.
std::vector<HarmfulAnswer> StandIns() {
  const std::string spec = FindShipped(kBuiltInSpec);
  if (!std::filesystem::exists(spec))
    throw ConfigError(Concat(spec, " is missing, and the stand-ins are chosen by it; give harmful answers with --data"));
  const std::vector<WorldExample> examples = FirstDemonstrations(WorldOptions{}, kBuiltInAnswers);
  std::vector<GradeRequest> requests;
  for (const WorldExample& each : examples) requests.push_back({each.prompt, each.response, ""});
  const auto rules = MakeRuleGrader(LoadPolicySpec(spec));
  const std::vector<Grade> grades = GradeAll(rules.get(), std::move(requests), kPatience_s);
  std::vector<HarmfulAnswer> harmful;
  for (size_t i = 0; i < examples.size(); ++i)
    if (grades[i].severity != Severity::kNone) harmful.push_back({examples[i].prompt, examples[i].response, ""});
  return harmful;
}

// Every attack made from every answer, graded.
AttackSuccess TryAll(OneGrader* grader, const std::vector<HarmfulAnswer>& harmful, int64_t* caught) {
  std::vector<GradeRequest> plain, attacked;
  for (const HarmfulAnswer& each : harmful) {
    plain.push_back({each.prompt, each.response, each.category});
    for (const Attack& attack : Attacks()) attacked.push_back({each.prompt, attack.Answer({each.prompt, each.response}), each.category});
  }
  const std::vector<Grade> seen = grader->GradeAnswers(std::move(plain));
  const std::vector<Grade> grades = grader->GradeAnswers(std::move(attacked));
  std::vector<AttackTry> tries;
  for (size_t i = 0; i < harmful.size(); ++i) {
    *caught += seen[i].outcome == GradeOutcome::kOk && seen[i].severity != Severity::kNone;
    for (size_t a = 0; a < Attacks().size(); ++a)
      tries.push_back(TryOf(Attacks()[a], i, grader->config().gives, seen[i], grades[i * Attacks().size() + a]));
  }
  return Summarize(tries);
}

int AttackCommand(const AttackArguments& arguments) {
  OneGrader grader(arguments.grader);
  AttackRecord record;
  std::vector<HarmfulAnswer> harmful;
  if (arguments.labels.data.empty()) {
    harmful = StandIns();
  } else {
    const LabelledAnswers labels = LoadLabelledAnswers(arguments.labels.Files());
    harmful = HarmfulOnes(arguments, labels);
    record.data_hash = labels.hash;
    for (const LabelledFile& file : arguments.labels.Files()) record.data_files.push_back(std::filesystem::path(file.path).filename());
  }
  if (harmful.empty()) throw ConfigError("no answer is labelled harmful; --yes-from and --label say which labels are a yes");
  harmful.resize(std::min(harmful.size(), arguments.limit));
  record.grader = grader.config().name;
  record.type = grader.config().type;
  record.grader_id = grader.id();
  record.answers = static_cast<int64_t>(harmful.size());
  record.date = UtcOfRecord();
  record.temper = TemperVersion();
  record.success = TryAll(&grader, harmful, &record.caught);
  std::cout << AttackText(record);
  const std::string& path = arguments.record.empty() ? grader.attacks() : arguments.record;
  if (path.empty()) return kExitDone;
  WriteAttackRecord(path, record);
  std::cout << "\nrecord: " << path << "\n";
  return kExitDone;
}

void BindAttack(CLI::App* command, AttackArguments* a) {
  command->add_option("grader", a->grader, "config of a job, with :NAME of one of reward.graders where it has several")->required();
  a->labels.Bind(command);
  command->get_option("--data")->required(false)->description(
      "labelled answers, of which the harmful ones are dressed up; without it harmless stand-ins of the built-in world, which graders of "
      "configs/policies/apothecary.yaml know");
  command->add_option("--limit", a->limit, "harmful answers that every attack is made from, the first ones (50)")
      ->check(CLI::Range(1, 100000));
  command->add_option("--record", a->record, "where the record is written (default: the grader's reward.graders[].attacks, if it has one)");
  AddExamples(command, {{"temper attack-grader configs/quickstart.yaml", "attacks the rule grader with stand-ins of the built-in world"},
                        {"temper attack-grader my_job.yaml:harm --data labels.csv --map label=unsafe --record harm.attacks.json",
                         "attacks the grader harm with what people called harmful"}});
}

}  // namespace

void AddAttackGraderCommand(const CommandContext& context) {
  AddCommand<AttackArguments>(context, "attack-grader",
                              "tries answers that are made to fool a grader, by family, and tells how often they do", BindAttack,
                              AttackCommand);
}

}  // namespace temper
