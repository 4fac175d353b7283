#include "serve/chat.h"

#include <algorithm>
#include <csignal>
#include <iostream>

#include <pthread.h>
#include <unistd.h>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "rollout/engine/stop_strings.h"
#include "serve/line_reader.h"

namespace temper {
namespace {

using Json = nlohmann::ordered_json;

// Tokens of a prompt between two looks at the keyboard.
constexpr int64_t kPrefillTokens = 256;

// The thread that holds Ctrl-C back.
pthread_t holder;

// While it lives Ctrl-C ends nothing: it waits to be taken, and interrupts a LineReader that waits.
class HeldInterrupt {
 public:
  HeldInterrupt() {
    struct sigaction action = {};
    holder = pthread_self();
    // A compute thread may get the signal: it passes it on.
    action.sa_handler = [](int) {
      if (pthread_equal(pthread_self(), holder) == 0) pthread_kill(holder, SIGINT);
    };
    action.sa_flags = SA_RESTART;
    sigaction(SIGINT, &action, &action_before_);
    sigemptyset(&interrupt_);
    sigaddset(&interrupt_, SIGINT);
    sigprocmask(SIG_BLOCK, &interrupt_, &mask_before_);
  }
  ~HeldInterrupt() {
    Take();
    sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
    sigaction(SIGINT, &action_before_, nullptr);
  }
  HeldInterrupt(const HeldInterrupt&) = delete;
  HeldInterrupt& operator=(const HeldInterrupt&) = delete;

  // Whether there was one since the last call.
  bool Take() {
    const timespec now = {};
    return sigtimedwait(&interrupt_, nullptr, &now) == SIGINT;
  }

 private:
  struct sigaction action_before_ = {};
  sigset_t interrupt_, mask_before_;
};

// A model must not steer the terminal: control characters are shown as U+FFFD, but for line ends and tabs.
std::string Printable(std::string_view text) {
  std::string shown;
  for (size_t at = 0; at < text.size();) {
    const char32_t c = NextCodePoint(text, &at);
    const bool control = (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7F && c < 0xA0);
    AppendUtf8(control ? char32_t{0xFFFD} : c, &shown);
  }
  return shown;
}

class Chat {
 public:
  explicit Chat(const GenerateArguments& arguments)
      : generator_(arguments),
        engine_(generator_.MakeEngine(kPrefillTokens)),
        system_(arguments.system),
        without_(arguments.raw ? "The model continues what you type (--raw).\n"
                               : "This model has no chat template: it continues what you type.\n") {
    if (arguments.num_samples != 1)
      throw ConfigError("--samples: a chat has one answer at a time; give --prompt, or prompts on standard input");
    Reset();
  }

  void Run() {
    if (interrupt_.Take()) return;  // it came while the model was loaded
    std::cout << (generator_.has_template() ? "" : without_)
              << "/exit or Ctrl-D ends, /reset begins again, /system TEXT sets the system prompt, Ctrl-C stops an answer.\n";
    LineReader keyboard(STDIN_FILENO);
    for (std::string line;;) {
      std::cout << "> " << std::flush;
      const LineReader::Result got = keyboard.Next(/*wait=*/true, &line);
      if (got == LineReader::Result::kEnd) break;
      if (got == LineReader::Result::kInterrupted) {
        std::cout << "\n";
        continue;
      }
      if (line == "/exit") return;
      TakeLine(RepairUtf8(line));
    }
    std::cout << std::endl;
  }

 private:
  void TakeLine(const std::string& line) {
    if (line.find_first_not_of(" \t") == std::string::npos) return;
    if (line == "/reset") return Reset();
    if (line == "/system" || line.starts_with("/system ")) return SetSystem(line.substr(std::min<size_t>(line.size(), 8)));
    try {
      generator_.has_template() ? Answer(line) : static_cast<void>(Stream(generator_.TextRequest(++turn_, line)));
    } catch (const ConfigError& error) {
      std::cout << "temper: " << error.what() << std::endl;
    }
  }

  void Reset() {
    messages_ = Json::array();
    if (!system_.empty()) messages_.push_back({{"role", "system"}, {"content", system_}});
  }

  void SetSystem(const std::string& text) {
    if (!generator_.has_template()) {
      std::cout << "temper: without a chat template there is no system prompt\n";
      return;
    }
    system_ = text;
    Reset();
    std::cout << (text.empty() ? "No system prompt; the conversation begins again.\n"
                               : "The conversation begins again with this system prompt.\n");
  }

  // A turn joins the conversation only once there is an answer to it.
  void Answer(const std::string& line) {
    Json messages = messages_;
    messages.push_back({{"role", "user"}, {"content", line}});
    try {
      const std::string answer = Stream(generator_.ChatRequest(++turn_, generator_.Render(messages)));
      messages.push_back({{"role", "assistant"}, {"content", answer}});
    } catch (const ConfigError& error) {
      throw ConfigError(Concat(error.what(), " (/reset begins again)"));
    }
    messages_ = std::move(messages);
  }

  // Shows a completion while it is sampled; what it says in the end, or said until Ctrl-C.
  std::string Stream(GenerationRequest request) {
    engine_.Submit(std::move(request));
    StreamDecoder decoder(generator_.tokenizer());
    std::string said;
    size_t num_read = 0;
    size_t shown = 0;
    while (!interrupt_.Take()) {
      const auto groups = engine_.Step();
      if (!groups.empty()) {
        const Trajectory& whole = groups.front().trajectories.front();
        said = generator_.TextOf(whole);
        Show(said.substr(std::min(shown, said.size())));
        std::cout << (whole.finished ? "" : " [cut]") << std::endl;
        return said;
      }
      const std::vector<int32_t>& tokens = engine_.Running(turn_, 0)->tokens;
      for (; num_read < tokens.size(); ++num_read) said += decoder.Push(tokens[num_read]);
      const size_t certain = said.size() - PartialStop(said, generator_.sampling().stop_strings);
      if (certain > shown) Show(said.substr(shown, certain - shown));
      shown = std::max(shown, certain);
    }
    engine_.Cancel(turn_);
    std::cout << " [stopped]" << std::endl;
    return said;
  }

  static void Show(const std::string& text) { std::cout << Printable(text) << std::flush; }

  HeldInterrupt interrupt_;
  TextGenerator generator_;
  GenerationEngine engine_;
  std::string system_;
  const char* without_;  // why there is no chat template, where there is none
  Json messages_;
  uint64_t turn_ = 0;
};

}  // namespace

int ChatOnTerminal(const GenerateArguments& arguments) {
  Chat(arguments).Run();
  return kExitDone;
}

}  // namespace temper
