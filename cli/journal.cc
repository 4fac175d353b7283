// temper journal: checks that every trajectory was consumed at most once and none was lost.
#include "record/journal.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "cli/commands.h"
#include "cluster/base/error.h"
#include "record/run_paths.h"

namespace temper {
namespace {

// For who names the run's folder: those that have a journal.
std::string ArmsWithJournals(const std::string& run) {
  namespace fs = std::filesystem;
  std::vector<std::string> arms;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(run, none)) {
    if (fs::exists(StagePaths(entry.path()).Journal(), none)) arms.push_back(entry.path().string());
  }
  std::sort(arms.begin(), arms.end());
  std::string text;
  for (const std::string& arm : arms) text += (text.empty() ? "; each arm has its own: " : ", ") + arm;
  return text;
}

int JournalCommand(const std::string& path) {
  namespace fs = std::filesystem;
  const std::string file = fs::is_directory(path) ? StagePaths(path).Journal() : path;
  if (!fs::exists(file)) throw ConfigError(Concat(file, ": no journal there", ArmsWithJournals(path)));
  const JournalSummary s = SummarizeJournal(file);
  std::printf("attempts:%lld steps:%lld groups issued:%lld generated:%lld graded:%lld consumed:%lld violations:%zu\n",
              static_cast<long long>(s.attempts), static_cast<long long>(s.consumed_steps), static_cast<long long>(s.issued),
              static_cast<long long>(s.generated), static_cast<long long>(s.graded), static_cast<long long>(s.consumed_groups),
              s.violations.size());
  for (const std::string& violation : s.violations) std::printf("violation: %s\n", violation.c_str());
  return s.violations.empty() ? kExitDone : kExitFound;
}

void BindJournal(CLI::App* command, std::string* path) {
  command->add_option("path", *path, "journal.bin, or an arm's folder")->required();
  AddExamples(command, {{"temper journal runs/quickstart/safe_completion", "checks the journal of an arm"}});
}

}  // namespace

void AddJournalCommand(const CommandContext& context) {
  AddCommand<std::string>(context, "journal", "checks a journal: every trajectory consumed at most once, nothing lost", BindJournal,
                          JournalCommand);
}

}  // namespace temper
