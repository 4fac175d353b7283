// temper status: where a run stands, from its folder or over the job's bus.
#include <cmath>
#include <fstream>
#include <iostream>
#include <sstream>

#include "cli/commands.h"
#include "cluster/base/error.h"
#include "views/live/job_connection.h"
#include "views/live/terminal_text.h"
#include "views/live/top_frame.h"

namespace temper {
namespace {

struct StatusArguments {
  std::string run;
  std::string connect;
  bool json = false;
};

const char* WordOf(JobLife life) {
  switch (life) {
    case JobLife::kAlive:
      return "alive";
    case JobLife::kWaiting:
      return "waiting";
    case JobLife::kDead:
      return "dead";
    case JobLife::kUnknown:
      return "silent";
    case JobLife::kEnded:
      break;
  }
  return "ended";
}

// status.json as it is, with what this host can add: whether the job lives, how old the news is, and a sentence on it.
void PrintJson(const RunView& view) {
  std::string text = ToJson(*view.status);
  std::ostringstream added;
  added << "{\n \"life\": \"" << WordOf(view.life) << "\",\n \"age_s\": " << std::round((view.now - view.status->updated) * 10) / 10 << ",";
  std::cout << added.str() << text.substr(1);
}

void PrintText(const RunView& view) {
  const TopStyle style{.width = 200, .height = 60, .color = WantsColor(), .unicode = TerminalIsUtf8(), .title = "temper status"};
  RunView plain = view;
  plain.curves.clear();
  for (const std::string& line : RenderTop(plain, style)) std::cout << line << "\n";
}

// kExitDone: alive or well ended; kExitFound: waiting for who is not there, dead, silent or failed, or no answer.
int StatusCommand(const StatusArguments& arguments) {
  WatchedRun run("temper status", arguments.run, arguments.connect);
  const RunView view = run.Look();
  if (!view.status) {
    std::cerr << "temper: " << view.problems.at(0) << "\n";
    return run.NothingSeen();
  }
  if (arguments.json) {
    PrintJson(view);
  } else {
    PrintText(view);
  }
  const bool well =
      view.life == JobLife::kAlive || (view.life == JobLife::kEnded && (view.status->state == "done" || view.status->state == "preempted"));
  return well ? kExitDone : kExitFound;
}

void BindStatus(CLI::App* command, StatusArguments* arguments) {
  command->add_option("run", arguments->run, "the run's folder");
  command->add_option("--connect", arguments->connect, kConnectHelp);
  command->add_flag("--json", arguments->json, "status.json, with life (alive, waiting, dead, silent, ended) and age_s");
  AddExamples(command, {{"temper status runs/quickstart", "where a run stands, whether it lives, and what to do if not"},
                        {"temper status runs/quickstart --json | jq .life", "for a script"}});
}

}  // namespace

void AddStatusCommand(const CommandContext& context) {
  AddCommand<StatusArguments>(
      context, "status", "where a run stands; exits with 1 when its job is dead, has failed, does not answer or waits for who is not there",
      BindStatus, StatusCommand);
}

}  // namespace temper
