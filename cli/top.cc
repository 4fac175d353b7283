// temper top: a run on a terminal, redrawn as it goes on.
#include <csignal>
#include <cstdio>
#include <iostream>

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cluster/base/clock.h"
#include "cluster/base/error.h"
#include "views/live/job_connection.h"
#include "views/live/terminal_text.h"
#include "views/live/top_frame.h"

namespace temper {
namespace {

struct TopArguments {
  std::string run;
  std::string connect;
  bool once = false;
  double every_s = 1;
};

volatile std::sig_atomic_t g_leave = 0;

void OnSignal(int signal) { g_leave = signal; }

// The terminal as top needs it: no echo, keys at once, a screen of its own without a cursor. The destructor gives back what was.
class Screen {
 public:
  Screen() {
    struct sigaction action {};
    action.sa_handler = OnSignal;
    for (const int sig : {SIGINT, SIGTERM, SIGHUP}) sigaction(sig, &action, nullptr);
    had_keys_ = tcgetattr(STDIN_FILENO, &before_) == 0;
    if (had_keys_) {
      termios raw = before_;
      raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
      raw.c_cc[VMIN] = 0;
      raw.c_cc[VTIME] = 0;
      tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    Put("\033[?1049h\033[?25l\033[2J");
  }
  ~Screen() {
    Put("\033[?25h\033[?1049l");
    if (had_keys_) tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  // Over what is there, line by line, so that nothing flickers.
  void Draw(const std::vector<std::string>& lines) {
    std::string frame = "\033[H";
    for (size_t i = 0; i < lines.size(); ++i) frame += (i > 0 ? "\r\n" : "") + lines[i] + "\033[K";
    Put(frame + "\033[J");
  }

  // Waits; true when the user wants to leave.
  bool WaitForQuit(int64_t milliseconds) {
    const int64_t end = NowMillis() + milliseconds;
    for (int64_t left = milliseconds; left > 0 && g_leave == 0; left = end - NowMillis()) {
      pollfd ready{STDIN_FILENO, POLLIN, 0};
      if (poll(&ready, keys_ ? 1 : 0, static_cast<int>(left)) <= 0) continue;
      char key = 0;
      const ssize_t count = read(STDIN_FILENO, &key, 1);
      if (count <= 0) keys_ = false;  // the input has ended: only a signal ends this now
      if (count == 1 && (key == 'q' || key == 'Q' || key == 3)) return true;
      if (count == 1) return false;  // any other key: draw now
    }
    return g_leave != 0;
  }

 private:
  static void Put(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  }
  termios before_{};
  bool had_keys_ = false;
  bool keys_ = true;
};

// What there is room for now: a terminal may be resized.
TopStyle StyleNow() {
  TopStyle style{.width = 80, .height = 24, .color = WantsColor(), .unicode = TerminalIsUtf8()};
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
    style.width = std::max<size_t>(40, size.ws_col);
    style.height = std::max<size_t>(10, size.ws_row);
  }
  return style;
}

constexpr auto kRedrawAfter = std::chrono::milliseconds(500);  // without an answer: keys are not read meanwhile

int TopCommand(const TopArguments& arguments) {
  WatchedRun run("temper top", arguments.run, arguments.connect);
  if (arguments.once) {
    TopStyle style = StyleNow();
    if (isatty(STDOUT_FILENO) != 1) style.width = style.height = 200;
    const RunView view = run.Look();
    for (const std::string& line : RenderTop(view, style)) std::cout << line << "\n";
    return view.status ? kExitDone : run.NothingSeen();
  }
  if (isatty(STDOUT_FILENO) != 1) throw ConfigError("temper top needs a terminal on standard output; --once prints one picture without it");
  {
    Screen screen;
    do {
      screen.Draw(RenderTop(run.Look(kRedrawAfter), StyleNow()));
    } while (!screen.WaitForQuit(static_cast<int64_t>(arguments.every_s * 1000)));
  }
  // The caller learns of a signal as of any other program that one ended.
  return g_leave != 0 ? 128 + g_leave : kExitDone;
}

void BindTop(CLI::App* command, TopArguments* arguments) {
  command->add_option("run", arguments->run, "the run's folder");
  command->add_option("--connect", arguments->connect, kConnectHelp);
  command->add_flag("--once", arguments->once, "prints one picture and exits");
  command->add_option("--every", arguments->every_s, "seconds between two pictures (default 1)")->check(CLI::Range(0.1, 3600.0));
  AddExamples(command,
              {{"temper top runs/quickstart", "a run of this host"},
               {"temper top --connect runs/quickstart/rendezvous.json", "over the job's bus, from a host without the run's folder"}});
}

}  // namespace

void AddTopCommand(const CommandContext& context) {
  AddCommand<TopArguments>(context, "top", "shows a run on the terminal while it goes on; q leaves", BindTop, TopCommand);
}

}  // namespace temper
