// temper qualify: how far one grader of a job agrees with people's labels.
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

#include <nlohmann/json.hpp>
#include <sys/wait.h>

#include "cli/commands.h"
#include "cli/graders/label_options.h"
#include "cli/graders/one_grader.h"
#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/utc_time.h"
#include "cluster/collectives/versions.h"
#include "evaluation/qualify/comparison.h"
#include "evaluation/qualify/seen.h"
#include "record/qualification.h"
#include "rollout/data/labelled_answers.h"
#include "views/report/qualification_text.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

struct QualifyArguments {
  std::string grader;
  LabelOptions labels;
  double threshold = 0.5;
  std::vector<std::string> seen, unseen;
  std::string train_command, model_key;
  int64_t resamples = 500;
  std::string record;
  bool replace = false;
};

// A folder of this user's alone for what is trained here, gone at the end.
class ScratchFolder {
 public:
  ScratchFolder() : path_((fs::temp_directory_path() / "temper-qualify-XXXXXX").string()) {
    if (mkdtemp(path_.data()) == nullptr)
      throw ConfigError(Concat("cannot make a folder ", path_, ": ", std::strerror(errno), "; set TMPDIR to a writable place"));
  }
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  std::string File(const std::string& name) const { return fs::path(path_) / name; }

 private:
  std::string path_;
};

// As one word of the shell.
std::string ShellWord(const std::string& text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

// The value stands in place of the placeholder as one word.
std::string Filled(std::string text, const std::string& placeholder, const std::string& value) {
  const std::string word = ShellWord(value);
  for (size_t at = text.find(placeholder); at != std::string::npos; at = text.find(placeholder, at + word.size()))
    text.replace(at, placeholder.size(), word);
  return text;
}

int64_t WordsOf(const std::string& text) {
  std::istringstream words(text);
  int64_t count = 0;
  for (std::string word; words >> word;) ++count;
  return count;
}

// Judges rows by a grader and enters what it says.
void Judge(Question question, const QualifyArguments& arguments, OneGrader* grader, const std::vector<LabelledAnswer>& answers,
           const std::vector<size_t>& rows, std::vector<JudgedAnswer>* judged) {
  std::vector<GradeRequest> requests;
  for (const size_t row : rows) requests.push_back(arguments.labels.RequestOf(answers[row]));
  const std::vector<Grade> grades = grader->GradeAnswers(std::move(requests));
  std::set<std::string> told;
  for (size_t i = 0; i < rows.size(); ++i) {
    JudgedAnswer& answer = (*judged)[rows[i]];
    answer.failed = grades[i].outcome != GradeOutcome::kOk;
    if (!answer.failed) answer.grader = AnswerOf(question, grades[i]);
    if (answer.failed && told.size() < 3 && told.insert(grades[i].error).second)
      std::cerr << answers[rows[i]].place << ": no grade (" << NameOf(grades[i].outcome) << "): " << grades[i].error << "\n";
  }
}

// Trains the grader again on rows that have nothing to do with those of `source`.
OneGrader TrainedWithout(const QualifyArguments& arguments, const std::string& key, const std::vector<LabelledAnswer>& answers,
                         const std::string& source, const ScratchFolder& scratch) {
  std::string lines;
  const std::vector<size_t> rows = AnswersWithout(source, answers);
  if (rows.empty())
    throw ConfigError(Concat("--train-command: without ", source, " and the groups it has rows of, no row is left to train on"));
  for (const size_t row : rows) {
    const LabelledAnswer& each = answers[row];
    lines += nlohmann::ordered_json({{"prompt", each.prompt},
                                     {"response", each.response},
                                     {"label", each.label},
                                     {"category", each.category},
                                     {"source", each.source},
                                     {"group", each.group}})
                 .dump() +
             "\n";
  }
  const std::string data = scratch.File("train.jsonl"), model = scratch.File("model");
  WriteFile(data, lines);
  fs::remove_all(model);
  const std::string command = Filled(Filled(arguments.train_command, "{data}", data), "{model}", model);
  std::cerr << "without " << source << " (" << rows.size() << " rows): " << command << "\n";
  const int status = std::system(command.c_str());
  if (status == -1 || !WIFEXITED(status) || WEXITSTATUS(status) != 0 || !fs::exists(model))
    throw ConfigError(
        Concat("--train-command without ", source, ": ", fs::exists(model) ? "it failed" : "it left no {model}", ": ", command));
  return OneGrader(arguments.grader, {Concat(key, ".", arguments.model_key, "=", model)});
}

// People's labels as numbers; throws naming the row.
std::vector<JudgedAnswer> ReadLabels(Question question, const LabelOptions& options, const std::vector<LabelledAnswer>& answers) {
  const LabelReading reading = options.Reading();
  std::vector<JudgedAnswer> judged;
  for (const LabelledAnswer& answer : answers) {
    const std::optional<double> people = ReadLabel(question, reading, answer.label);
    if (!people)
      throw ConfigError(Concat(answer.place, ": the label '", answer.label, "' is not ", KnownLabels(question), " (question ",
                               NameOf(question), "); say what it means with --label '", answer.label, "=...'"));
    judged.push_back({answer.group, answer.source, answer.category, WordsOf(answer.response), *people});
  }
  return judged;
}

Question QuestionOf(const QualifyArguments& arguments, const OneGrader& grader) {
  const std::vector<GradePart>& gives = grader.config().gives;
  const Question question = arguments.labels.question.empty() ? DefaultQuestion(gives) : ParseEnum<Question>(arguments.labels.question);
  const std::vector<GradePart> parts = PartsFor(question);
  if (std::any_of(parts.begin(), parts.end(), [&](GradePart part) { return grader.config().Gives(part); })) return question;
  throw ConfigError(Concat("--question ", NameOf(question), ": grader ", grader.config().name, " does not give ", NameOf(parts[0])));
}

// Judges all rows, those that the grader was trained on marked; fills in which sources count as seen, and why.
std::vector<JudgedAnswer> JudgeAll(const QualifyArguments& arguments, OneGrader* grader, const LabelledAnswers& labels, Question question,
                                   std::set<std::string>* seen, std::string* unseen_by) {
  std::vector<JudgedAnswer> judged = ReadLabels(question, arguments.labels, labels.answers);
  std::map<std::string, std::vector<size_t>> by_source;
  for (size_t i = 0; i < judged.size(); ++i) by_source[judged[i].source].push_back(i);
  if (!arguments.train_command.empty()) {
    if (by_source.size() < 2) throw ConfigError("--train-command: the rows are of one source; leaving it out leaves nothing to train on");
    *unseen_by = "each source was graded by a grader trained without it and without its groups";
    const ScratchFolder scratch;
    for (const auto& [source, rows] : by_source) {
      OneGrader without = TrainedWithout(arguments, grader->key(), labels.answers, source, scratch);
      Judge(question, arguments, &without, labels.answers, rows, &judged);
    }
    return judged;
  }
  for (const auto& [source, rows] : by_source) Judge(question, arguments, grader, labels.answers, rows, &judged);
  const SeenAnswers known = SeenBy(grader->trained_on(), labels.answers, {arguments.seen, arguments.unseen});
  for (size_t i = 0; i < judged.size(); ++i) judged[i].trained_on = known.rows[i];
  *seen = known.sources;
  *unseen_by = known.unseen_by;
  return judged;
}

void CheckTrainCommand(const QualifyArguments& arguments, const OneGrader& grader) {
  if (arguments.train_command.empty()) return;
  if (arguments.model_key.empty() || grader.key().empty())
    throw ConfigError("--train-command needs a grader of reward.graders and --model-key, the key of its entry that names the trained file");
  for (const char* placeholder : {"{data}", "{model}"})
    if (arguments.train_command.find(placeholder) == std::string::npos)
      throw ConfigError(Concat("--train-command must hold ", placeholder, ", or it trains on other rows than it is given"));
}

bool IsOfRows(const std::string& record, const std::string& hash) {
  try {
    return ReadQualification(record).data_hash == hash;
  } catch (const ConfigError&) {
    return false;  // damaged or of another version: what it was made of is not known
  }
}

// Nobody who measures once more loses the record that the config names, which may be a shipped one, without having said so.
void CheckRecordIsKept(const QualifyArguments& arguments, const OneGrader& grader, const std::string& hash) {
  const std::string& record = grader.record();
  if (arguments.replace || !arguments.record.empty() || !fs::exists(record) || IsOfRows(record, hash)) return;
  throw ConfigError(Concat("the record of grader ", grader.config().name, ", ", record,
                           ", exists already and was made from other rows; name another file with --record, or give --replace"));
}

int QualifyCommand(const QualifyArguments& arguments) {
  OneGrader grader(arguments.grader);
  CheckTrainCommand(arguments, grader);
  const LabelledAnswers labels = LoadLabelledAnswers(arguments.labels.Files());
  CheckRecordIsKept(arguments, grader, labels.hash);
  Qualification q;
  q.agreement.question = QuestionOf(arguments, grader);
  CompareOptions options{.threshold = arguments.threshold, .seen_sources = {}, .bootstrap = {.resamples = arguments.resamples}};
  const std::vector<JudgedAnswer> judged = JudgeAll(arguments, &grader, labels, q.agreement.question, &options.seen_sources, &q.unseen_by);
  q.agreement = Compare(q.agreement.question, judged, options);
  q.grader = grader.config().name;
  q.type = grader.config().type;
  q.grader_id = grader.id();
  q.trained_on = grader.trained_on().value_or(TrainingRows()).sources;
  q.threshold = arguments.threshold;
  q.data_hash = labels.hash;
  for (const LabelledFile& file : arguments.labels.Files()) q.data_files.push_back(fs::path(file.path).filename());
  q.rows = static_cast<int64_t>(judged.size());
  q.unlabelled = labels.unlabelled;
  q.failed = std::count_if(judged.begin(), judged.end(), [](const JudgedAnswer& each) { return each.failed; });
  q.trained_on_rows = std::count_if(judged.begin(), judged.end(), [](const JudgedAnswer& each) { return each.trained_on; });
  if (q.failed == q.rows) throw ConfigError(Concat("grader ", q.grader, " gave none of ", q.rows, " answers a grade: see above"));
  q.date = UtcOfRecord();
  q.temper = TemperVersion();
  std::cout << QualificationText(q);
  const std::string& record = arguments.record.empty() ? grader.record() : arguments.record;
  if (record.empty()) return kExitDone;
  WriteQualification(record, q);
  std::cout << "\nrecord: " << record << "\n";
  return kExitDone;
}

void BindQualify(CLI::App* command, QualifyArguments* a) {
  command->add_option("grader", a->grader, "config of a job, with :NAME of one of reward.graders where it has several")->required();
  a->labels.Bind(command);
  command->add_option("--threshold", a->threshold, "yes or no: a score of at least so much is a yes (0.5)")->check(CLI::Range(1e-6, 1.0));
  command->add_option("--seen", a->seen, "sources that the grader was trained on, where it does not know itself");
  command->add_option("--unseen", a->unseen, "sources that you know it was not trained on, where it does not know itself");
  CLI::Option* train = command->add_option(
      "--train-command", a->train_command,
      "trains the grader again without each source in turn: a shell command with {data}, JSONL of "
      "{prompt, response, label, category, source, group}, and {model}, the file that it must write (both are quoted here)");
  command->add_option("--model-key", a->model_key, "with --train-command: the key of the grader's entry that names the trained file")
      ->needs(train);
  command->add_option("--resamples", a->resamples, "of the bootstrap over groups (500)")->check(CLI::Range(100, 100000));
  CLI::Option* record = command->add_option("--record", a->record,
                                            "where the record is written (default: the grader's reward.graders[].record, if it has one)");
  command->add_flag("--replace", a->replace, "the grader's record may be written over where other rows made it")->excludes(record);
  AddExamples(
      command,
      {{"temper qualify my_job.yaml:harm --data labels.csv --map prompt=question response=answer label=unsafe --record harm.json",
        "compares the grader harm with people's labels, and writes the record that reward.graders[].record names"},
       {"temper qualify my_job.yaml:harm --data 'a.csv:label=is_bad' 'b.jsonl:response=text,source=origin'", "columns of each file"},
       {"temper qualify my_job.yaml:harm --data *.jsonl --map source=source --model-key file "
        "--train-command 'temper classifier train {data} --text-column response --label-column label --out {model}'",
        "leaves one source out of training in turn"}});
}

}  // namespace

void AddQualifyCommand(const CommandContext& context) {
  AddCommand<QualifyArguments>(context, "qualify",
                               "compares a grader with people's labels, on sources that it has seen and on others, and writes the record "
                               "that lets it steer",
                               BindQualify, QualifyCommand);
}

}  // namespace temper
