#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "policy/tokenizer/tokenizer.h"
#include "rollout/engine/sampling_options.h"
#include "rollout/engine/trajectory.h"

namespace temper {

// Where the earliest stop string begins, of those that end behind the first `seen` bytes of `text`; npos where there is none.
size_t FindStop(std::string_view text, size_t seen, std::span<const std::string> stops);

// Length of the longest end of `text` that begins a stop string and is not all of it: what more text may turn into one.
size_t PartialStop(std::string_view text, std::span<const std::string> stops);

// A stop string that is the spelling of a special token has no text to be found in: its id joins the stop ids instead.
void ResolveStops(const Tokenizer& tokenizer, SamplingOptions* options);

// What a completion says: its text without the stop token or the stop string that ended it.
std::string CompletionText(const Tokenizer& tokenizer, const Trajectory& completion, const SamplingOptions& sampling);

// Follows one completion as its tokens come and looks for stop strings in its text, special tokens left out. Text counts as soon as it is
// final, that is with the token that completes a character. Tokenizer and stops are borrowed. For one thread.
class StopWatch {
 public:
  StopWatch(const Tokenizer& tokenizer, std::span<const std::string> stops);
  // Whether the text that became final with this token completes a stop string.
  bool Push(int32_t token);
  // The same for what is left when no token follows.
  bool Finish();

 private:
  bool Append(const std::string& text);

  StreamDecoder decoder_;
  std::span<const std::string> stops_;
  size_t longest_ = 0;
  std::string tail_;  // the last longest_ - 1 bytes
};

}  // namespace temper
