// temper watch: sample transcripts with their grades, as they come.
#include <csignal>
#include <cstdio>
#include <iostream>

#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "record/run_json.h"
#include "views/live/run_view.h"
#include "views/live/terminal_text.h"
#include "views/live/transcript_feed.h"

namespace temper {
namespace {

struct WatchArguments {
  std::string run;
  std::string arm;
  std::vector<std::string> filters;
  bool all = false;
  bool once = false;
};

constexpr useconds_t kLookEvery = 500'000;

size_t WidthNow() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40 ? size.ws_col : 100;
}

// Why nothing more comes, to whoever waits for it. A job that is dead or silent may be started again, and then more does.
class EndOfJob {
 public:
  explicit EndOfJob(const WatchArguments& arguments) : arguments_(arguments) {}

  // Whether the job has ended; tells of one that is dead, once.
  bool Ended() {
    view_ = ReadRun(arguments_.run);
    if (!view_.status) return false;
    const bool gone = view_.life == JobLife::kDead || view_.life == JobLife::kUnknown;
    if (gone && !told_) std::cerr << "temper: " << LifeSentence(view_) << ". Until it runs again nothing comes (Ctrl-C leaves)\n";
    told_ = gone;
    return view_.life == JobLife::kEnded;
  }

  // What to say of a job that has ended.
  void Tell(int64_t shown) const {
    std::cerr << "temper: " << LifeSentence(view_) << "; nothing more comes";
    if (shown == 0 && !arguments_.all) std::cerr << " (--all shows the transcripts that are there)";
    std::cerr << "\n";
  }

 private:
  const WatchArguments& arguments_;
  RunView view_;
  bool told_ = false;
};

// A run, with the arm, where it has named its arms already.
void CheckIsThere(const WatchArguments& arguments) {
  const RunView view = ReadRun(arguments.run);
  if (!view.status) throw ConfigError(view.problems.at(0));
  if (arguments.arm.empty() || !IsRunFolder(arguments.run)) return;
  std::string names;
  for (const RunDescription::Arm& arm : ReadRunDescription(arguments.run).arms) {
    if (arm.name == arguments.arm) return;
    names += (names.empty() ? "" : ", ") + arm.name;
  }
  throw ConfigError(Concat("--arm ", arguments.arm, ": the run has ", names));
}

int WatchCommand(const WatchArguments& arguments) {
  const TranscriptFilter filter = ParseFilter(arguments.filters);
  CheckIsThere(arguments);
  TranscriptFeed feed(arguments.run, arguments.arm, filter, arguments.all || arguments.once);
  const bool color = WantsColor();
  EndOfJob job(arguments);
  int64_t count = 0;
  for (bool told = false;;) {
    const bool ended = arguments.once || job.Ended();  // before the look, so that nothing is missed
    const auto shown = feed.Poll();
    count += static_cast<int64_t>(shown.size());
    for (const ShownTranscript& transcript : shown) std::cout << Render(transcript, WidthNow(), color) << "\n";
    std::cout << std::flush;
    if (!std::cout.good()) return kExitDone;  // whoever read this has left
    if (ended) break;
    if (!std::exchange(told, true) && shown.empty())
      std::cerr << "temper: waiting for transcripts; they come every monitor.traces_every steps (--all shows those that are there)\n";
    usleep(kLookEvery);
  }
  if (!arguments.once) job.Tell(count);
  if (feed.damaged() > 0) std::cerr << "temper: " << feed.damaged() << " lines of traces/ are no transcripts and were left out\n";
  if (feed.hidden() > 0) std::cerr << "temper: " << feed.hidden() << " transcripts did not match the filter\n";
  return kExitDone;
}

void BindWatch(CLI::App* command, WatchArguments* arguments) {
  command->add_option("run", arguments->run, "the run's folder")->required();
  command->add_option("--arm", arguments->arm, "of this arm only (default: all)");
  command->add_option("--filter", arguments->filters, "clause=, severity=, mode= or intent= with values, e.g. severity=high,moderate");
  command->add_flag("--all", arguments->all, "also those that are there already");
  command->add_flag("--once", arguments->once, "those that are there already, then exit");
  AddExamples(command, {{"temper watch runs/quickstart --filter severity=high,moderate", "answers that violate the policy, as they come"},
                        {"temper watch runs/quickstart --once --arm safe_completion | less -R", "those of one arm that are there"}});
}

}  // namespace

void AddWatchCommand(const CommandContext& context) {
  AddCommand<WatchArguments>(context, "watch", "shows sample transcripts of a run with their grades, as they come, until its job ends",
                             BindWatch, WatchCommand);
}

}  // namespace temper
