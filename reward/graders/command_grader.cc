#include <algorithm>
#include <exception>
#include <map>
#include <utility>

#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "cluster/base/fields.h"
#include "cluster/base/hash.h"
#include "reward/graders/registry.h"
#include "reward/remote/line_exchange.h"
#include "reward/remote/sent_files.h"

namespace temper {
namespace {

// What travels to the reward workers.
struct CommandPayload {
  std::vector<std::string> argv;
  std::vector<SentFile> files;
  std::map<std::string, std::string> environment;
  std::vector<std::string> pass_environment;
  int64_t memory_mb = 0;
  int64_t open_files = 0;
  int64_t in_flight = 0;
};

template <typename V>
void Fields(V& v, CommandPayload& p) {
  v(p.argv, p.files, p.environment, p.pass_environment, p.memory_mb, p.open_files, p.in_flight);
}

// Grades by a child process (reward/remote/line_exchange.h), which is started with the first requests, in a private folder that holds the
// files of the entry.
class CommandGrader : public Grader {
 public:
  CommandGrader(const GraderConfig& config, CommandPayload payload) : config_(config), payload_(std::move(payload)) {
    // What is passed on of the environment is a matter of the place, not of the judgement.
    CommandPayload judging = payload_;
    judging.pass_environment.clear();
    judging.memory_mb = judging.open_files = judging.in_flight = 0;
    id_ = Concat("command/", config.name, ":", Hex(Hash64(EncodeFields(judging))), GivesOf(config));
  }

  Handle Start(std::vector<GradeRequest> requests) override {
    const Handle handle = ++last_handle_;
    if (!exchange_) {
      try {
        Open();
      } catch (const std::exception& error) {  // no room for its files, most likely
        finished_.push_back({handle, std::vector<Grade>(requests.size(), FailedGrade(GradeOutcome::kCrash, error.what()))});
        return handle;
      }
    }
    exchange_->Ask(handle, std::move(requests));
    return handle;
  }

  std::vector<Finished> Collect(std::chrono::milliseconds timeout) override {
    const int64_t until = NowMillis() + timeout.count();
    while (true) {
      const int64_t left = std::max<int64_t>(0, until - NowMillis());
      if (exchange_) exchange_->Pump(std::chrono::milliseconds(finished_.empty() ? left : 0));
      TakeFinished();
      if (!finished_.empty() || left == 0 || !exchange_ || exchange_->idle()) break;
    }
    return std::exchange(finished_, {});
  }

  std::string id() const override { return id_; }

 private:
  void Open() {
    folder_ = WriteSentFiles(payload_.files);
    LineExchangeOptions options;
    options.name = config_.name;
    options.child = {.argv = payload_.argv,
                     .folder = folder_->path(),
                     .environment = ChildEnvironment(payload_.pass_environment, payload_.environment),
                     .memory_bytes = payload_.memory_mb << 20,
                     .open_files = payload_.open_files};
    options.gives = config_.gives;
    options.deadline_s = config_.deadline_s;
    options.in_flight = payload_.in_flight;
    exchange_ = std::make_unique<LineExchange>(std::move(options));
  }

  void TakeFinished() {
    if (!exchange_) return;
    for (auto& [handle, grades] : exchange_->TakeFinished()) {
      for (Grade& grade : grades) grade.grader = id_;
      finished_.push_back({handle, std::move(grades)});
    }
  }

  const GraderConfig config_;
  const CommandPayload payload_;
  std::string id_;
  std::unique_ptr<OwnedFolder> folder_;
  std::unique_ptr<LineExchange> exchange_;
  std::vector<Finished> finished_;
  Handle last_handle_ = 0;
};

bool NamesTheJob(const std::vector<std::string>& names) { return std::any_of(names.begin(), names.end(), IsOfTheJob); }

class CommandOptions : public GraderOptions {
 public:
  void Describe(ConfigFields& f) override {
    f.StringList(
        "command", &argv_,
        "type command: the program that grades and its arguments, [python3, my_grader.py]; it reads requests and writes replies, a "
        "line of JSON each (docs/graders/command.md), and works in a private folder that holds `files`");
    f.String("shell", &shell_, "type command: a line for /bin/sh in place of `command`");
    f.Path("files", &files_,
           "type command: a file that the program needs, or a folder of them, by their own names in its folder; they are sent to every "
           "reward worker and, as the command, part of the grader's id; empty = none");
    f.StringMap("environment", &environment_, "type command: variables that it gets; this file is no place for secrets");
    f.StringList("pass_environment", &pass_environment_,
                 "type command: variables of the reward worker that it gets beside PATH, HOME, LANG, LC_ALL, LC_CTYPE, TMPDIR and "
                 "CUDA_VISIBLE_DEVICES");
    f.Int("memory_mb", &memory_mb_, {0, int64_t{1} << 24}, "type command: address space it may use, in MiB; 0 = no limit");
    f.Int("open_files", &open_files_, {0, 1 << 20}, "type command: file descriptors it may have; 0 = no limit of its own");
    f.Int("in_flight", &in_flight_, {1, 1 << 16}, "type command: requests it is given before it has answered the first");
    f.Rule([this] { return argv_.empty() != shell_.empty(); }, "a grader of type command needs either command or shell");
    f.Rule(
        [this] {
          return !NamesTheJob(pass_environment_) &&
                 std::none_of(environment_.begin(), environment_.end(), [](const auto& each) { return IsOfTheJob(each.first); });
        },
        "pass_environment and environment must not name variables of the job or of MPI (TEMPER_*, OMPI_*, PMIX_*, PMI_*)");
  }
  std::string Payload() const override {
    CommandPayload payload;
    payload.argv = shell_.empty() ? argv_ : std::vector<std::string>{"/bin/sh", "-c", shell_};
    payload.files = ReadSentFiles(files_);
    payload.environment = environment_;
    payload.pass_environment = pass_environment_;
    payload.memory_mb = memory_mb_;
    payload.open_files = open_files_;
    payload.in_flight = in_flight_;
    return EncodeFields(payload);
  }
  std::vector<std::string> Files() const override { return SentFilePaths(files_); }
  std::string Reads() const override { return "what a program of the user's says"; }

 private:
  std::vector<std::string> argv_;
  std::string shell_;
  std::string files_;
  std::map<std::string, std::string> environment_;
  std::vector<std::string> pass_environment_;
  int64_t memory_mb_ = 0;
  int64_t open_files_ = 0;
  int64_t in_flight_ = 256;
};

std::unique_ptr<Grader> Make(const GraderConfig& config) {
  return std::make_unique<CommandGrader>(config, DecodeFields<CommandPayload>(config.payload));
}

}  // namespace

extern const GraderType kCommandGrader;
const GraderType kCommandGrader{
    .name = "command",
    .help = "by a program of yours, in lines of JSON",
    .gives = {GradePart::kSafety, GradePart::kSeverity, GradePart::kHelpfulnessDirect, GradePart::kHelpfulnessIndirect, GradePart::kMode,
              GradePart::kOverRefusal},
    .options = []() -> std::unique_ptr<GraderOptions> { return std::make_unique<CommandOptions>(); },
    .make = Make,
};

}  // namespace temper
