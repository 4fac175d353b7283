#pragma once

#include <string>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "tests/support/job_process.h"

namespace temper::testing {

// A program on a terminal of its own, 80 columns and 24 lines.
class OnATerminal {
 public:
  explicit OnATerminal(const std::vector<std::string>& command) {
    winsize size{};
    size.ws_col = 80;
    size.ws_row = 24;
    pid_ = forkpty(&fd_, nullptr, nullptr, &size);
    if (pid_ == 0) {
      std::vector<char*> words;
      for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
      words.push_back(nullptr);
      setenv("TERM", "xterm", 1);
      setenv("LC_ALL", "C.UTF-8", 1);
      unsetenv("NO_COLOR");
      execv(words[0], words.data());
      _exit(127);
    }
    tcgetattr(fd_, &before_);
  }
  ~OnATerminal() {
    if (!reaped_) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close(fd_);
  }
  bool WaitFor(const std::string& text, Seconds deadline = Seconds(15)) {
    return WaitUntil(
        [&] {
          Read();
          return screen_.find(text) != std::string::npos;
        },
        deadline);
  }
  void Forget() { screen_.clear(); }
  void Type(const std::string& keys) { ASSERT_EQ(write(fd_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size())); }
  void Signal(int signal) const { kill(pid_, signal); }
  // Exit code, 128 + signal.
  int Wait() {
    int status = 0;
    const bool ended = WaitUntil(
        [&] {
          Read();
          return waitpid(pid_, &status, WNOHANG) == pid_;
        },
        Seconds(10));
    if (!ended) return -1;
    reaped_ = true;
    Read();
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  // The screen of before, a cursor, and the terminal's own settings.
  void ExpectRestored() {
    EXPECT_THAT(screen_, ::testing::HasSubstr("\033[?25h\033[?1049l"));
    EXPECT_GT(screen_.rfind("\033[?1049l"), screen_.rfind("\033[H"));
    termios now{};
    ASSERT_EQ(tcgetattr(fd_, &now), 0);
    EXPECT_EQ(now.c_lflag, before_.c_lflag);
  }
  const std::string& screen() const { return screen_; }

 private:
  void Read() {
    pollfd ready{fd_, POLLIN, 0};
    char block[4096];
    while (poll(&ready, 1, 0) > 0) {
      const ssize_t count = read(fd_, block, sizeof(block));
      if (count <= 0) return;
      screen_.append(block, static_cast<size_t>(count));
    }
  }
  int fd_ = -1;
  pid_t pid_ = -1;
  bool reaped_ = false;
  termios before_{};
  std::string screen_;
};

}  // namespace temper::testing
