#include "tests/cluster_of_processes/tiny_job.h"

#include <filesystem>
#include <set>
#include <sstream>

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

namespace temper::testing {
namespace {

namespace fs = std::filesystem;

std::string NewFolder(const std::string& name) {
  std::string pattern = (fs::temp_directory_path() / ("temper_test_" + name + "_XXXXXX")).string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
  return pattern;
}

}  // namespace

TinyJob::TinyJob(std::string name, std::vector<std::string> changes)
    : overrides(std::move(changes)),
      dir_(NewFolder(name)),
      folder_(dir_ + "/" + name),
      shared_memory_("/dev/shm/" + fs::path(dir_).filename().string()) {
  overrides.insert(overrides.begin(), {"run.dir=" + dir_, "run.name=" + name});
}

TinyJob::~TinyJob() {
  KillAllWith(dir_);
  std::error_code ignored;
  if (::testing::Test::HasFailure()) {
    printf("output of the last command of %s:\n%s\n", folder_.c_str(), output_.c_str());
  }
  fs::remove_all(dir_, ignored);
  fs::remove_all(shared_memory_, ignored);
}

// A killed job leaves OpenMPI's shared memory and session folders behind: here they go with the run.
std::unique_ptr<JobProcess> TinyJob::Start(const std::vector<std::string>& command) {
  fs::create_directories(shared_memory_);
  setenv("OMPI_MCA_btl_vader_backing_directory", shared_memory_.c_str(), 1);
  setenv("OMPI_MCA_orte_tmpdir_base", shared_memory_.c_str(), 1);
  std::vector<std::string> all = command;
  all.push_back(config);
  all.insert(all.end(), overrides.begin(), overrides.end());
  return std::make_unique<JobProcess>(all, dir_ + "/output.txt");
}

std::unique_ptr<JobProcess> TinyJob::StartMpirun(int ranks) {
  return Start(
      {"mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-np", std::to_string(ranks), TEMPER_BINARY, "train"});
}

std::unique_ptr<JobProcess> TinyJob::StartLaunch() { return Start({TEMPER_BINARY, "launch"}); }

std::unique_ptr<JobProcess> TinyJob::StartInProcess() { return Start({TEMPER_BINARY, "train", "--in-process"}); }

int TinyJob::Run(int ranks, Seconds deadline) { return Finish(StartMpirun(ranks).get(), deadline); }

int TinyJob::Finish(JobProcess* process, Seconds deadline) {
  const auto code = process->Wait(deadline);
  output_ = process->Output();
  EXPECT_TRUE(code.has_value()) << "still running after " << deadline.count() << " s";
  if (!code) KillAllWith(dir_);
  // mpirun may return a moment before the last rank is gone.
  EXPECT_TRUE(WaitUntil([&] { return ProcessesWith(dir_).empty(); }, Seconds(5))) << ProcessesWith(dir_).size() << " processes are left";
  return code.value_or(-1);
}

std::vector<std::string> TinyJob::PrintedLayout() const {
  std::vector<std::string> roles;
  std::stringstream in(output_);
  for (std::string line; std::getline(in, line);) {
    std::stringstream words(line);
    std::string word, role;
    size_t rank = 0;
    if (words >> word >> rank >> role && word == "rank" && rank == roles.size()) roles.push_back(role);
  }
  return roles;
}

int64_t TinyJob::NewestCheckpoint(const std::string& stage) const {
  int64_t newest = 0;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder() + "/" + stage + "/checkpoints", none)) {
    const std::string name = entry.path().filename();
    if (name.starts_with("step_")) newest = std::max<int64_t>(newest, std::stoll(name.substr(5)));
  }
  return newest;
}

std::string TinyJob::Weights(const std::string& arm) const {
  std::error_code ignored;
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(folder_ + "/" + arm + "/weights", ignored)) found.push_back(entry.path());
  EXPECT_EQ(found.size(), 1U) << "trained models in " << folder_ << "/" << arm << "/weights";
  const std::string bytes = found.empty() ? "" : ReadText(found[0] + "/model.safetensors");
  EXPECT_GT(bytes.size(), 10'000U);
  return bytes;
}

std::vector<nlohmann::json> TinyJob::Rows(const std::string& file) const {
  std::vector<nlohmann::json> rows;
  for (const std::string& line : ReadLines(folder_ + "/" + file)) {
    rows.push_back(nlohmann::json::parse(line, nullptr, false));
    EXPECT_TRUE(rows.back().is_object()) << file << ": " << line;
  }
  return rows;
}

std::map<std::string, int64_t> TinyJob::Journal(const std::string& arm) const {
  JobProcess process({TEMPER_BINARY, "journal", folder_ + "/" + arm}, dir_ + "/journal.txt");
  EXPECT_EQ(process.Wait(Seconds(20)), 0) << process.Output();
  std::map<std::string, int64_t> values;
  std::stringstream in(process.Output());
  for (std::string word; in >> word;) {
    const size_t colon = word.find(':');
    if (colon != std::string::npos && colon + 1 < word.size()) values[word.substr(0, colon)] = std::stoll(word.substr(colon + 1));
  }
  return values;
}

std::string TinyJob::Log(const std::string& role) const {
  std::string text;
  std::error_code ignored;
  for (const auto& entry : fs::recursive_directory_iterator(folder_ + "/logs", ignored)) {
    if (entry.is_regular_file() && entry.path().parent_path().filename() == role) text += ReadText(entry.path());
  }
  return text;
}

bool TinyJob::HasRows(const std::string& file, int64_t more_than) const {
  return static_cast<int64_t>(ReadLines(folder_ + "/" + file).size()) > more_than;
}

bool TinyJob::Hold(const std::function<std::vector<pid_t>()>& find, const std::function<bool()>& condition, Seconds deadline) {
  held_.clear();
  const bool reached = WaitUntil(
      [&] {
        if (held_.empty()) held_ = find();
        return !held_.empty() && condition();
      },
      deadline);
  for (const pid_t pid : held_) kill(pid, SIGSTOP);
  return reached;
}

bool TinyJob::HoldWhen(const std::function<bool()>& condition, Seconds deadline) {
  return Hold([this] { return Workers("rollout"); }, condition, deadline);
}

bool TinyJob::HoldAtRlStep(int64_t step, Seconds deadline) {
  return HoldWhen([&] { return HasRows("main/metrics.jsonl", step); }, deadline);
}

bool TinyJob::HoldAtSftStep(int64_t step, Seconds deadline) {
  const auto learner = [this] {
    const pid_t pid = Rank(1);
    return pid > 0 ? std::vector<pid_t>{pid} : std::vector<pid_t>{};
  };
  return Hold(
      learner, [&] { return HasRows("sft/metrics.jsonl", step); }, deadline);
}

void TinyJob::Release() {
  for (const pid_t pid : held_) kill(pid, SIGCONT);
  held_.clear();
}

std::vector<pid_t> TinyJob::Workers(const std::string& role) const {
  std::vector<pid_t> pids;
  for (const ProcessInfo& process : ProcessesWith(dir_)) {
    const auto& words = process.command;
    const bool is_worker = words.size() > 3 && words[1] == "worker" && words[2] == "--role" && words[3] == role;
    if (is_worker) pids.push_back(process.pid);
  }
  return pids;
}

pid_t TinyJob::Rank(int rank) const {
  const auto all = ProcessesWith(dir_);
  std::set<pid_t> launchers;
  for (const ProcessInfo& process : all) {
    if (process.name == "mpirun" || process.name == "orterun") launchers.insert(process.pid);
  }
  // A spawner has its rank's command line and environment, but not its parent.
  for (const ProcessInfo& process : all) {
    if (process.rank == rank && launchers.contains(process.parent)) return process.pid;
  }
  return 0;
}

void ExpectComplete(const TinyJob& job, int64_t steps, int64_t group_size, const std::string& arm) {
  SCOPED_TRACE("run " + job.folder() + ", arm " + arm);
  const auto rows = job.RlRows(arm);
  ASSERT_EQ(static_cast<int64_t>(rows.size()), steps);
  for (int64_t step = 0; step < steps; ++step) EXPECT_EQ(rows[static_cast<size_t>(step)].at("step"), step + 1);

  const auto journal = job.Journal(arm);
  EXPECT_EQ(journal.at("violations"), 0);
  EXPECT_EQ(journal.at("steps"), steps);
  EXPECT_EQ(journal.at("generated"), journal.at("graded"));
  EXPECT_GT(journal.at("consumed"), 0) << "no group had a gradient: such a run shows nothing";

  const auto audit = job.Rows(arm + "/audit.jsonl");
  EXPECT_EQ(static_cast<int64_t>(audit.size()), journal.at("consumed") * group_size);

  EXPECT_EQ(nlohmann::json::parse(ReadText(job.folder() + "/status.json")).at("state"), "done");
  for (const char* file : {"report.html", "report.json", "run.json", "configs/resolved.yaml"}) {
    EXPECT_GT(ReadText(job.folder() + "/" + file).size(), 100U) << file;
  }
}

}  // namespace temper::testing
