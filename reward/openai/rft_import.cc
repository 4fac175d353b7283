#include "reward/openai/rft_import.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "policy/text/strict_json.h"
#include "reward/openai/grader_spec.h"
#include "reward/openai/rft_rows.h"

namespace temper {
namespace {

using Json = nlohmann::json;

constexpr int kMaxImportDepth = 64;
constexpr double kHeldOut = 0.1;

// A YAML scalar: JSON's strings are YAML's.
std::string Yaml(const std::string& text) { return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace); }

// The hyperparameters of a job that are numbers; "auto" is none.
class Hyperparameters {
 public:
  explicit Hyperparameters(const Json& job) {
    const Json::json_pointer place("/method/reinforcement/hyperparameters");
    if (job.is_object() && job.contains(place) && job.at(place).is_object()) json_ = job.at(place);
  }
  std::optional<double> Number(const char* key) const {
    const auto found = json_.find(key);
    if (found == json_.end() || !found->is_number()) return std::nullopt;
    return found->get<double>();
  }
  bool Has(const char* key) const {
    const auto found = json_.find(key);
    return found != json_.end() && !found->is_null() && *found != "auto" && *found != "default";
  }

 private:
  Json json_ = Json::object();
};

void NoteJob(const Json& job, const Hyperparameters& parameters, const RftFiles& files, std::vector<std::string>* notes) {
  if (job.contains("model"))
    notes->push_back(Concat("The model ", Quoted(job["model"].dump()), " is OpenAI's and cannot be trained here; ",
                            files.model.empty()
                                ? "without --model a model of 0.1 million parameters is trained from nothing, which shows that "
                                  "the job runs and learns nothing of use: set policy.path"
                                : "policy.path is what --model names",
                            "."));
  const std::pair<const char*, const char*> kLeft[] = {
      {"learning_rate_multiplier", "it multiplies a rate that OpenAI does not tell; rl.optimizer.lr is Temper's"},
      {"compute_multiplier", "rollout.group_size says how many answers a prompt gets"},
      {"eval_interval", "the evaluation is made before and after training"},
      {"reasoning_effort", "Temper's models have none"}};
  for (const auto& [key, why] : kLeft)
    if (parameters.Has(key)) notes->push_back(Concat("hyperparameters.", key, " is not carried over: ", why, "."));
  if (job.contains(Json::json_pointer("/method/reinforcement/response_format")))
    notes->push_back(
        "response_format is not carried over: answers are sampled freely, and one that is no JSON scores 0 where the grader reads "
        "sample.output_json.");
  for (const char* key : {"integrations", "metadata"})
    if (job.contains(key) && !job[key].is_null() && !job[key].empty()) notes->push_back(Concat("`", key, "` is not carried over."));
}

void NoteRows(const RowFindings& found, std::vector<std::string>* notes) {
  if (found.developer) notes->push_back("Messages of the role developer became system messages, the role that chat templates know.");
  if (found.joined)
    notes->push_back(
        "Conversations became one text each, their messages joined by blank lines: without --model there is no chat template.");
  if (found.tools) notes->push_back("`tools` of the rows are left out: Temper's answers are texts without tool calls.");
}

// A name that a run's folder may have.
std::string RunName(const Json& job) {
  std::string name;
  const std::string suffix = job.is_object() && job.contains("suffix") && job["suffix"].is_string() ? job["suffix"].get<std::string>() : "";
  for (const char c : suffix.substr(0, 60)) {
    const bool known = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    name += known ? c : '_';
  }
  return name.empty() ? "openai_rft" : "rft_" + name;
}

int64_t Between(double value, int64_t low, int64_t high) {
  return std::clamp(static_cast<int64_t>(std::llround(std::clamp(value, -1e9, 1e9))), low, high);
}

std::string PolicyYaml(const RftFiles& files) {
  if (!files.model.empty()) return Concat("policy:\n  path: ", Yaml(files.model), "\n  lora: {rank: 16, alpha: 32}\n\n");
  return "policy: {model_type: llama, hidden_size: 64, intermediate_size: 192, num_layers: 2, num_heads: 2, num_kv_heads: 2, "
         "max_positions: "
         "1280, rope_theta: 1000, initializer_range: 0.09}\n\n";
}

std::string DataYaml(const RftFiles& files) {
  std::string yaml = "data:\n  source: files\n  path: prompts.jsonl\n";
  yaml += files.validation.empty() ? Concat("  eval_fraction: ", kHeldOut, "\n") : "  eval: {validation: validation.jsonl}\n";
  // The rows' own columns may be called so: none of them means anything to Temper.
  yaml += "  columns: {prompt: messages, id: '', category: '', intent: ''}\n  stratify_by_intent: false\n";
  return yaml + (files.model.empty() ? "  tokenizer: byte_level\n\n" : "\n");
}

std::string TrainingYaml(const RftFiles& files, const Hyperparameters& parameters, int64_t rows) {
  const double trained = files.validation.empty() ? std::ceil(static_cast<double>(rows) * (1 - kHeldOut)) : static_cast<double>(rows);
  const int64_t prompts = Between(parameters.Number("batch_size").value_or(std::min(16.0, trained)), 1, 4096);
  const double epochs = std::max(parameters.Number("n_epochs").value_or(1), 0.0);
  const int64_t steps = Between(std::ceil(epochs * trained / static_cast<double>(prompts)), 1, 1'000'000);
  const bool model = !files.model.empty();
  std::string yaml = Concat("rl:\n  steps: ", steps, "\n  prompts_per_step: ", prompts, "\n  max_resampled_per_step: ", prompts, "\n");
  if (model)
    yaml += "  kl: {coef: 0.05, estimator: k3}\n  optimizer: {lr: 1e-5, warmup_steps: 5, schedule: linear, final_lr_fraction: 0.1}\n";
  yaml += Concat("\nrollout: {group_size: ", model ? 8 : 4, ", max_new_tokens: ", model ? 512 : 64, "}\n\n");
  if (const std::optional<double> samples = parameters.Number("eval_samples"))
    yaml += Concat("eval: {samples_per_prompt: ", Between(*samples, 1, 4096), "}\n\n");
  return yaml;
}

// What grades: the files it needs, the rest of its entry in reward.graders, and the columns it reads.
struct ImportedGrader {
  ImportedRun::File file;
  std::string entry;
  std::vector<std::string> columns;  // of a python grader all that there are: nobody knows what it reads
  bool reads_all = false;
};

// Runs a python grader's `source` as a grader of type command (docs/graders.md): a request a line, a reply a line. An answer on which
// grade() throws, or gives no number, gets 0, as at OpenAI.
constexpr char kPythonLoop[] = R"py(
if __name__ == '__main__':
    import json
    import math
    import sys

    def parsed(text):
        try:
            return json.loads(text)
        except ValueError:
            return text

    for line in sys.stdin:
        request = json.loads(line)
        answer = request['response']
        content = {'role': 'assistant', 'content': answer}
        sample = {'output_text': answer, 'output_tools': [], 'choices': [{'index': 0, 'message': content}]}
        output = parsed(answer)
        if isinstance(output, (dict, list)):
            sample['output_json'] = output
        item = {key: json.loads(value) if key in JSON_COLUMNS else value for key, value in request['item'].items()}
        try:
            value = float(grade(sample, item))
            value = min(max(value, 0.0), 1.0) if math.isfinite(value) else 0.0
        except Exception as error:
            print(f'grade() failed: {error!r}', file=sys.stderr)
            value = 0.0
        print(json.dumps({'id': request['id'], 'helpfulness_direct': value}), flush=True)
)py";

void NoteModels(const OpenAiGrader& grader, std::vector<std::string>* notes) {
  std::string models;
  for (const std::string& model : grader.Models()) models += Concat(models.empty() ? "" : ", ", Quoted(model));
  notes->push_back(Concat(
      "The grader asks a model (", models,
      "): before the job starts, set `url` of its entry in reward.graders to a server of chat completions, such as "
      "http://127.0.0.1:8000/v1/chat/completions, `model` to what the model is called there (empty: as here), and key_env or key_file "
      "where the server wants a key."));
  notes->push_back(
      "A score_model's reply without a number, or outside its range, is a failed grade; bad_replies: as_openai makes it 0 and the nearer "
      "end of the range, as OpenAI does.");
}

ImportedGrader GraderOf(const std::string& job, const std::string& path, std::vector<std::string>* notes) {
  const Json json = OpenAiGraderJson(job, path);
  if (json.is_object() && json.contains("type") && json["type"] == "python") {
    if (!json.contains("source") || !json["source"].is_string())
      throw ConfigError(Concat(path, ": grader: the python grader has no source"));
    notes->push_back(
        "The python grader runs as a grader of type command, grader.py: read it before you run it, since it is code that came with a "
        "file. It runs with this machine's python3 and its packages, and values below 0 or above 1 are cut.");
    return {{"grader.py", json["source"].get<std::string>()}, "type: command, command: [python3, grader.py], files: grader.py", {}, true};
  }
  const OpenAiGrader grader = ParseOpenAiGrader(job, path);
  std::string entry = "type: openai_grader, path: grader.json";
  if (grader.AsksModel()) {
    entry += ", url: '', model: ''";
    NoteModels(grader, notes);
  }
  if (grader.kind == OpenAiGraderKind::kScoreModel && (grader.low != 0 || grader.high != 1))
    entry += Concat(", low: ", grader.low, ", high: ", grader.high);
  return {{"grader.json", json.dump(2) + "\n"}, entry, grader.Columns(), false};
}

// Columns are texts on their way to the grader; those that never were get their values back.
void FinishPython(const RowFindings& found, ImportedGrader* grader) {
  grader->columns.assign(found.columns.begin(), found.columns.end());
  std::vector<std::string> others;
  for (const std::string& column : grader->columns)
    if (!found.texts.contains(column)) others.push_back(column);
  grader->file.text += Concat("\n\nJSON_COLUMNS = ", Json(others).dump(), "\n", kPythonLoop);
}

std::string RewardYaml(const ImportedGrader& grader) {
  std::string sees;
  for (const std::string& column : grader.columns) sees += (sees.empty() ? "" : ", ") + Yaml(column);
  return Concat(
      "# The grader's value is the reward: it is the answer's helpfulness, and no grader speaks of safety, which is then 1.\nreward:\n"
      "  graders:\n    - {name: openai, ",
      grader.entry, ", gives: [helpfulness_direct]}\n  sees: [", sees, "]\n");
}

}  // namespace

ImportedRun ImportRft(const RftFiles& files) {
  std::string error;
  const std::optional<Json> job = ParseStrictJson(files.job, kMaxImportDepth, &error);
  if (!job || !job->is_object()) throw ConfigError(Concat(files.job_path, ": not a JSON object: ", job ? "something else" : error));
  const Hyperparameters parameters(*job);
  ImportedRun run;
  ImportedGrader grader = GraderOf(files.job, files.job_path, &run.notes);
  NoteJob(*job, parameters, files, &run.notes);
  RowFindings found;
  const bool chat = !files.model.empty();
  const std::string prompts = PromptsOf(files.data, files.data_path, chat, &run.rows, &found);
  std::string yaml = Concat("# Made by temper import openai-rft from ", files.job_path, " and ", files.data_path, ".\n");
  int64_t validation_rows = 0;
  if (!files.validation.empty())
    run.files.push_back({"validation.jsonl", PromptsOf(files.validation, files.validation_path, chat, &validation_rows, &found)});
  NoteRows(found, &run.notes);
  if (grader.reads_all) FinishPython(found, &grader);
  if (!run.notes.empty()) yaml += "#\n# What is not OpenAI's:\n";
  for (const std::string& note : run.notes) yaml += "# - " + note + "\n";
  const bool seeded = job->contains("seed") && (*job)["seed"].is_number_unsigned();
  yaml +=
      Concat("run: {name: ", Yaml(RunName(*job)), ", seed: ", seeded ? (*job)["seed"].get<uint64_t>() % (uint64_t{1} << 62) : 1, "}\n\n");
  yaml += "stages: [rl, eval]\n\n" + PolicyYaml(files) + DataYaml(files) + TrainingYaml(files, parameters, run.rows) + RewardYaml(grader);
  run.files.push_back({"job.yaml", yaml});
  run.files.push_back({"prompts.jsonl", prompts});
  run.files.push_back(std::move(grader.file));
  return run;
}

}  // namespace temper
