// temper trace: where the time of a run went.
#include <iostream>

#include "cli/commands.h"
#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "record/bounded_file.h"
#include "record/run_paths.h"
#include "record/spans.h"
#include "views/trace/export.h"
#include "views/trace/summary.h"

namespace temper {
namespace {

struct TraceArguments {
  std::string run;
  std::string out;
  int64_t attempt = 0;
  bool summary = false;
};

int TraceCommand(const TraceArguments& arguments) {
  const TraceData data = ReadTrace(arguments.run, arguments.attempt);
  if (data.damaged > 0) std::cerr << "temper: " << data.damaged << " lines of traces/spans.jsonl are damaged and were left out\n";
  for (const TraceProcess& process : data.processes) {
    if (process.dropped > 0) std::cerr << "temper: " << process.Name() << " had no room for " << process.dropped << " spans\n";
  }
  if (data.processes.empty()) throw ConfigError(Concat(arguments.run, ": no spans", arguments.attempt > 0 ? " of that attempt" : " yet"));
  if (arguments.summary) {
    std::cout << ToText(Summarize(data));
    return kExitDone;
  }
  const std::string out = arguments.out.empty() ? RunPaths(arguments.run).ChromeTrace() : arguments.out;
  const std::string json = ChromeTraceJson(data);
  if (out == "-") {
    std::cout << json;
    return kExitDone;
  }
  if (const std::string problem = TryWriteFile(out, json); !problem.empty())
    throw ConfigError(Concat("--out ", out, ": cannot be written: ", problem));
  std::cout << "wrote " << out << " (" << data.processes.size() << " processes): open it at https://ui.perfetto.dev or chrome://tracing\n";
  return kExitDone;
}

void BindTrace(CLI::App* command, TraceArguments* arguments) {
  command->add_option("run", arguments->run, "the run's folder")->required();
  command->add_option("--out", arguments->out, "file to write, - for standard output (default: RUN/traces/trace.json)");
  command->add_option("--attempt", arguments->attempt, "of this start of the run only (default: all)")->check(CLI::PositiveNumber);
  command->add_flag("--summary", arguments->summary, "print who worked, who waited for whom, and what to do about it");
  AddExamples(command, {{"temper trace runs/quickstart --summary", "who waited for whom"},
                        {"temper trace runs/quickstart --out trace.json", "for ui.perfetto.dev"}});
}

}  // namespace

void AddTraceCommand(const CommandContext& context) {
  AddCommand<TraceArguments>(context, "trace", "what every process did when, as a Chrome/Perfetto trace, or summed up", BindTrace,
                             TraceCommand);
}

}  // namespace temper
