#include "rollout/engine/stop_strings.h"

#include <algorithm>

namespace temper {

size_t FindStop(std::string_view text, size_t seen, std::span<const std::string> stops) {
  size_t first = std::string_view::npos;
  for (const std::string& stop : stops) first = std::min(first, text.find(stop, seen < stop.size() ? 0 : seen - stop.size() + 1));
  return first;
}

size_t PartialStop(std::string_view text, std::span<const std::string> stops) {
  size_t longest = 0;
  for (const std::string& stop : stops) {
    for (size_t length = std::min(stop.size() - 1, text.size()); length > longest; --length) {
      if (text.ends_with(std::string_view(stop).substr(0, length))) longest = length;
    }
  }
  return longest;
}

void ResolveStops(const Tokenizer& tokenizer, SamplingOptions* options) {
  std::erase_if(options->stop_strings, [&](const std::string& stop) {
    const int32_t id = tokenizer.IdOf(stop);
    if (id < 0 || !tokenizer.Decode({&id, 1}).empty()) return false;
    if (std::find(options->stop_ids.begin(), options->stop_ids.end(), id) == options->stop_ids.end()) options->stop_ids.push_back(id);
    return true;
  });
}

std::string CompletionText(const Tokenizer& tokenizer, const Trajectory& completion, const SamplingOptions& sampling) {
  const std::span<const int32_t> ids = completion.tokens;
  if (ids.empty() || !completion.finished) return tokenizer.Decode(ids);
  const auto before_last = ids.first(ids.size() - 1);
  if (std::find(sampling.stop_ids.begin(), sampling.stop_ids.end(), ids.back()) != sampling.stop_ids.end())
    return tokenizer.Decode(before_last);
  StreamDecoder decoder(tokenizer);
  std::string text;
  for (const int32_t id : before_last) text += decoder.Push(id);
  const size_t seen = text.size();
  text += decoder.Push(ids.back());
  text += decoder.Finish();
  return text.substr(0, FindStop(text, seen, sampling.stop_strings));
}

StopWatch::StopWatch(const Tokenizer& tokenizer, std::span<const std::string> stops) : decoder_(tokenizer), stops_(stops) {
  for (const std::string& stop : stops) longest_ = std::max(longest_, stop.size());
}

bool StopWatch::Push(int32_t token) { return Append(decoder_.Push(token)); }

bool StopWatch::Finish() { return Append(decoder_.Finish()); }

bool StopWatch::Append(const std::string& text) {
  const size_t seen = tail_.size();
  tail_ += text;
  const bool found = FindStop(tail_, seen, stops_) != std::string::npos;
  if (tail_.size() >= longest_) tail_.erase(0, tail_.size() - (longest_ - 1));
  return found;
}

}  // namespace temper
