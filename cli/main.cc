// The temper program: reads the command line, runs one subcommand, maps what went wrong to an exit code. Start reading here.
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string_view>

#include <unistd.h>

#include "cli/commands.h"
#include "cluster/base/error.h"
#include "cluster/base/log.h"
#include "cluster/base/printable.h"
#include "cluster/collectives/process.h"
#include "cluster/collectives/versions.h"
#include "cluster/config/nearest_name.h"
#include "cluster/host/installation.h"
#include "cluster/host/limits.h"
#include "cluster/host/process_title.h"
#include "cluster/host/stop_signals.h"
#include "policy/kernels/torch_version.h"

namespace temper {
namespace {

int ProgramMain(int argc, char** argv);

constexpr unsigned kFirstRankGrace = 5;  // seconds

// Every rank finds a mistake in the config, the first one speaks of it. Its exit makes the launcher end the others; one that left earlier
// would have the first ended before it could speak. Who is still here after a while found what the first did not, and speaks too.
void LetFirstRankSpeak() {
  if (RankFromEnvironment().rank > 0) sleep(kFirstRankGrace);
}

// What is wrong with the command line, in a line.
std::string UsageError(const CLI::App& app, const CLI::Error& error, const std::string& first_word) {
  const auto chosen = app.get_subcommands();
  if (chosen.empty() && !first_word.empty() && first_word[0] != '-') {
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) names.push_back(command->get_name());
    const std::string nearest = NearestName(first_word, names);
    return Concat("temper: there is no command ", first_word, nearest.empty() ? "" : "; the nearest is " + nearest,
                  " (temper --help lists all)\n");
  }
  return Concat("temper: ", error.what(), " (see temper ", chosen.empty() ? "" : chosen[0]->get_name() + " ", "--help)\n");
}

// Version and commit: a build outside a repository does not know the latter.
std::string VersionText() {
  const auto source = ProgramRevision();
  return Concat("temper ", TemperVersion(), source ? Concat(" (commit ", source->commit, source->dirty ? ", changed)" : ")") : "",
                ", LibTorch ", TorchVersion(), ", NCCL ", NcclVersionText());
}

void AddCommands(const CommandContext& context) {
#define TEMPER_COMMAND(name) Add##name##Command(context);
#include "cli/command_list.inc"
#undef TEMPER_COMMAND
}

// mpirun's way to write it; a short option has one letter.
constexpr char kRanksOption[] = "--np";

int Run(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "-np") argv[i] = const_cast<char*>(kRanksOption);
  }
  CLI::App app("Temper: distributed RL post-training for safe-completions");
  app.set_version_flag("--version", VersionText());
  app.footer("temper COMMAND --help shows the options of a command, with examples.");
  app.require_subcommand(1);
  int exit_code = kExitDone;
  AddCommands({&app, &exit_code, &argc, &argv, &ProgramMain});
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    LetFirstRankSpeak();
    const std::string first_word = argc > 1 ? argv[1] : "";
    std::fprintf(stderr, "%s", PrintableText(UsageError(app, error, first_word)).c_str());
    return kExitConfig;
  }
  return exit_code;
}

// The whole program after main, and what a worker runs that was forked from its rank.
int ProgramMain(int argc, char** argv) {
  try {
    return Run(argc, argv);
  } catch (const ConfigError& error) {
    LetFirstRankSpeak();
    std::fprintf(stderr, "temper: %s\n", PrintableText(error.what()).c_str());
    return kExitConfig;
  } catch (const ExitRequest& request) {
    std::fprintf(stderr, "temper: %s\n", PrintableText(request.what()).c_str());
    return request.exit_code();
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr,
                 "temper: error: out of memory: the system gives this process no more (ulimit -v, a control group, or the machine's)\n");
    return kExitRetry;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "temper: error: %s\n", PrintableText(error.what()).c_str());
    return kExitRetry;
  }
}

// Commands that choose what becomes of stop signals when they have read their options.
bool AnswersStopSignals(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  return command == "launch" || command == "train";
}

// The loader calls this before it initialises the libraries, which takes LibTorch a third of a second. Sanitizers are not ready then.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
__attribute__((section(".preinit_array"), used)) void (*g_before_libraries)() = &HoldStopSignals;
#endif

}  // namespace
}  // namespace temper

int main(int argc, char** argv) {
  if (!temper::AnswersStopSignals(argc, argv)) temper::ReleaseStopSignals();
  temper::UseLimits();
  temper::KeepProcessTitle(argc, argv);
  // Ranks that wait must yield their core: MPI reads this when it is initialised.
  setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0);
  return temper::ProgramMain(argc, argv);
}
