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

// Whether more may come: a job that is dead or done writes nothing, one that is started again does.
bool JobEnded(const std::string& run) {
  const RunView view = ReadRun(run);
  return view.status && view.life == JobLife::kEnded;
}

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
  for (bool told = false;;) {
    const bool ended = arguments.once || JobEnded(arguments.run);  // before the look, so that nothing is missed
    const auto shown = feed.Poll();
    for (const ShownTranscript& transcript : shown) std::cout << Render(transcript, WidthNow(), color) << "\n";
    std::cout << std::flush;
    if (!std::cout.good()) return kExitDone;  // whoever read this has left
    if (ended) break;
    if (!std::exchange(told, true) && shown.empty())
      std::cerr << "temper: waiting for transcripts; they come every monitor.traces_every steps (--all shows those that are there)\n";
    usleep(kLookEvery);
  }
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
}

}  // namespace

void AddWatchCommand(const CommandContext& context) {
  AddCommand<WatchArguments>(context, "watch", "shows sample transcripts of a run with their grades, as they come, until its job ends",
                             BindWatch, WatchCommand);
}

}  // namespace temper
