#include "tests/support/job_process.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace temper::testing {
namespace {

namespace fs = std::filesystem;

constexpr int kLoadFactor = 8;  // how much slower than an idle machine a loaded one may be
constexpr useconds_t kPollMicroseconds = 2000;

std::vector<std::string> SplitAt(char separator, const std::string& bytes) {
  std::vector<std::string> words;
  std::stringstream in(bytes);
  for (std::string word; std::getline(in, word, separator);) words.push_back(word);
  return words;
}

// A worker, which was forked and not executed, has its whole command line in one word, and zeros to the length of its parent's.
std::vector<std::string> CommandLine(const fs::path& process) {
  std::vector<std::string> words = SplitAt('\0', ReadText(process / "cmdline"));
  while (!words.empty() && words.back().empty()) words.pop_back();
  return words.size() == 1 ? SplitAt(' ', words[0]) : words;
}

int RankIn(const std::vector<std::string>& environment) {
  const std::string name = "OMPI_COMM_WORLD_RANK=";
  for (const std::string& variable : environment) {
    if (variable.starts_with(name)) return std::stoi(variable.substr(name.size()));
  }
  return -1;
}

// False when the process ended meanwhile or is a zombie.
bool ReadStat(const std::string& folder, ProcessInfo* info) {
  const std::string stat = ReadText(folder + "/stat");
  const size_t open = stat.find('(');
  const size_t close = stat.rfind(')');
  if (open == std::string::npos || close == std::string::npos) return false;
  info->name = stat.substr(open + 1, close - open - 1);
  std::stringstream rest(stat.substr(close + 1));
  char state = 'Z';
  rest >> state >> info->parent;
  return state != 'Z' && state != 'X';
}

[[noreturn]] void Exec(const std::vector<std::string>& command, const std::string& output_file) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // when the test runner ends the test, the job ends too
  const int input = open("/dev/null", O_RDONLY);
  const int output = open(output_file.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_APPEND, 0644);
  if (input < 0 || output < 0) _exit(126);
  dup2(input, 0);
  dup2(output, 1);
  dup2(output, 2);
  for (const char* name : {"OMP_NUM_THREADS", "OMP_WAIT_POLICY"}) unsetenv(name);
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  execvp(words[0], words.data());
  _exit(127);
}

}  // namespace

JobProcess::JobProcess(const std::vector<std::string>& command, const std::string& output_file) : output_file_(output_file) {
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("cannot fork");
  if (pid_ == 0) Exec(command, output_file);
  setpgid(pid_, pid_);
}

JobProcess::~JobProcess() {
  if (!Running()) return;
  kill(-pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

bool JobProcess::Running() {
  if (exit_code_) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return true;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return false;
}

std::optional<int> JobProcess::Wait(Seconds deadline) {
  WaitUntil([&] { return !Running(); }, deadline);
  return exit_code_;
}

bool JobProcess::RunsFor(Seconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (Running() && std::chrono::steady_clock::now() < end) usleep(kPollMicroseconds);
  return Running();
}

void JobProcess::Signal(int signal) const { kill(pid_, signal); }

std::string JobProcess::Output() const { return ReadText(output_file_); }

std::vector<ProcessInfo> ProcessesWith(const std::string& mark) {
  std::vector<ProcessInfo> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    ProcessInfo info;
    info.pid = std::stoi(name);
    if (info.pid == getpid() || !ReadStat(entry.path(), &info)) continue;
    info.command = CommandLine(entry.path());
    for (const std::string& word : info.command) {
      if (word.find(mark) == std::string::npos) continue;
      info.rank = RankIn(SplitAt('\0', ReadText(entry.path() / "environ")));
      found.push_back(info);
      break;
    }
  }
  return found;
}

void KillAllWith(const std::string& mark) {
  WaitUntil(
      [&] {
        const auto found = ProcessesWith(mark);
        for (const ProcessInfo& process : found) kill(process.pid, SIGKILL);
        return found.empty();
      },
      Seconds(2));
}

bool WaitUntil(const std::function<bool()>& condition, Seconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline * kLoadFactor;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    usleep(kPollMicroseconds);
  }
  return true;
}

std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> ReadLines(const std::string& path) {
  std::vector<std::string> lines;
  const std::string text = ReadText(path);
  size_t begin = 0;
  for (size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) lines.push_back(text.substr(begin, end - begin));
  return lines;
}

int CountOf(const std::string& part, const std::string& text) {
  int count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

}  // namespace temper::testing
