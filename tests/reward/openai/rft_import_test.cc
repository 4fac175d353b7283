#include "reward/openai/rft_import.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "cluster/base/error.h"

namespace temper {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;

constexpr char kJob[] = R"({"model": "o4-mini-2025-04-16", "suffix": "my job", "seed": 7, "training_file": "file-1",
  "method": {"type": "reinforcement", "reinforcement": {
    "grader": {"type": "string_check", "name": "g", "operation": "eq", "input": "{{sample.output_text}}", "reference": "{{item.meta.city}}"},
    "hyperparameters": {"n_epochs": 2, "batch_size": 3, "eval_samples": 5, "learning_rate_multiplier": 2, "reasoning_effort": "medium", "compute_multiplier": "auto"}}}})";
constexpr char kData[] =
    "{\"messages\": [{\"role\": \"developer\", \"content\": \"Be brief.\"}, {\"role\": \"user\", \"content\": [{\"type\": \"text\", "
    "\"text\": "
    "\"Where?\"}]}], \"meta\": {\"city\": \"Rome\"}, \"id\": 4}\n\n"
    "{\"messages\": [{\"role\": \"user\", \"content\": \"And \\\"now\\\"?\"}], \"meta\": {\"city\": \"Oslo\"}, \"tools\": []}\n";

RftFiles Files() {
  return {
      .job = kJob, .job_path = "job.json", .data = kData, .data_path = "train.jsonl", .validation = "", .validation_path = "", .model = ""};
}

std::string FileOf(const ImportedRun& run, const std::string& name) {
  for (const ImportedRun::File& file : run.files)
    if (file.name == name) return file.text;
  return "";
}

std::vector<nlohmann::json> Lines(const std::string& text) {
  std::vector<nlohmann::json> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    lines.push_back(nlohmann::json::parse(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return lines;
}

TEST(RftImport, KeepsTheHyperparametersThatTemperHas) {
  const ImportedRun run = ImportRft(Files());
  EXPECT_EQ(run.rows, 2);
  // 2 rows, a tenth of which is held out: 2 are trained on, twice, 3 a step.
  EXPECT_THAT(
      FileOf(run, "job.yaml"),
      AllOf(HasSubstr("name: \"rft_my_job\", seed: 7"), HasSubstr("steps: 2\n  prompts_per_step: 3"), HasSubstr("samples_per_prompt: 5"),
            HasSubstr("type: openai_grader, path: grader.json, gives: [helpfulness_direct]"), HasSubstr("sees: [\"meta\"]")));
  EXPECT_THAT(run.notes, Contains(HasSubstr("hyperparameters.learning_rate_multiplier is not carried over")));
  EXPECT_THAT(run.notes, Contains(HasSubstr("reasoning_effort")));
  EXPECT_THAT(run.notes, testing::Not(Contains(HasSubstr("compute_multiplier"))));  // auto
  EXPECT_THAT(run.notes, Contains(HasSubstr("set policy.path")));
  EXPECT_EQ(nlohmann::json::parse(FileOf(run, "grader.json"))["operation"], "eq");
}

TEST(RftImport, MakesTextsOfConversationsWhereThereIsNoChatTemplate) {
  const ImportedRun run = ImportRft(Files());
  const auto rows = Lines(FileOf(run, "prompts.jsonl"));
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0]["messages"], "Be brief.\n\nWhere?");
  EXPECT_EQ(rows[0]["meta"], R"({"city":"Rome"})");  // as JSON text, which templates read into
  EXPECT_EQ(rows[0]["id"], "4");
  EXPECT_EQ(rows[1]["messages"], "And \"now\"?");
  EXPECT_FALSE(rows[1].contains("tools"));
  EXPECT_THAT(run.notes, Contains(HasSubstr("joined by blank lines")));
  EXPECT_THAT(run.notes, Contains(HasSubstr("`tools` of the rows are left out")));
}

TEST(RftImport, KeepsConversationsForAModel) {
  RftFiles files = Files();
  files.model = "/models/mine";
  files.validation = kData;
  files.validation_path = "valid.jsonl";
  const ImportedRun run = ImportRft(files);
  const auto rows = Lines(FileOf(run, "prompts.jsonl"));
  EXPECT_EQ(rows[0]["messages"],
            nlohmann::json::parse(R"([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where?"}])"));
  EXPECT_EQ(rows[1]["messages"], "And \"now\"?");
  EXPECT_THAT(FileOf(run, "job.yaml"), AllOf(HasSubstr("path: \"/models/mine\""), HasSubstr("eval: {validation: validation.jsonl}")));
  EXPECT_EQ(Lines(FileOf(run, "validation.jsonl")).size(), 2U);
  EXPECT_THAT(run.notes, Contains(HasSubstr("developer became system")));
}

TEST(RftImport, AsksForTheAddressOfTheModelThatGrades) {
  RftFiles files = Files();
  files.job = R"({"type": "multi", "calculate_output": "a + b / 5", "graders": {
    "a": {"type": "string_check", "operation": "eq", "input": "{{sample.output_text}}", "reference": "x"},
    "b": {"type": "score_model", "model": "o3-mini", "range": [0, 5], "input": [{"role": "user", "content": "{{item.meta}}"}]}}})";
  const ImportedRun run = ImportRft(files);
  EXPECT_THAT(FileOf(run, "job.yaml"), AllOf(HasSubstr("type: openai_grader, path: grader.json, url: '', model: '', gives"),
                                             HasSubstr("sees: [\"meta\"]"), HasSubstr("# - The grader asks a model (o3-mini)")));
  EXPECT_THAT(run.notes, Contains(AllOf(HasSubstr("set `url` of its entry"), HasSubstr("/v1/chat/completions"), HasSubstr("key_env"))));
  EXPECT_THAT(run.notes, Contains(HasSubstr("bad_replies: as_openai")));
}

TEST(RftImport, RunsAPythonGraderAsACommand) {
  RftFiles files = Files();
  files.job = R"({"type": "python", "source": "def grade(sample, item):\n    return 1.0"})";
  const ImportedRun run = ImportRft(files);
  EXPECT_THAT(FileOf(run, "grader.py"), AllOf(testing::StartsWith("def grade(sample, item):\n    return 1.0"),
                                              HasSubstr("JSON_COLUMNS = [\"id\",\"meta\"]"), HasSubstr("for line in sys.stdin")));
  EXPECT_THAT(FileOf(run, "job.yaml"),
              AllOf(HasSubstr("type: command, command: [python3, grader.py]"), HasSubstr("sees: [\"id\", \"meta\"]")));
  EXPECT_THAT(run.notes, Contains(HasSubstr("read it before you run it")));
}

TEST(RftImport, NamesTheRowThatDoesNotRead) {
  const auto problem = [](const std::string& data) -> std::string {
    RftFiles files = Files();
    files.data = data;
    try {
      ImportRft(files);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(problem("{}\n"), HasSubstr("train.jsonl:1: the row has no list `messages`"));
  EXPECT_THAT(problem("\n[]\n"), HasSubstr("train.jsonl:2: not a JSON object"));
  EXPECT_THAT(problem(R"({"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]})"),
              HasSubstr("must end with a user's"));
  EXPECT_THAT(problem(R"({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]})"),
              HasSubstr("a part that is not text"));
  EXPECT_THAT(problem(R"({"messages": [{"role": "tool", "content": "x"}]})"), HasSubstr("unknown role"));
  EXPECT_THAT(problem(""), HasSubstr("no row"));
}

}  // namespace
}  // namespace temper
