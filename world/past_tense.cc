#include "world/past_tense.h"

#include <array>
#include <vector>

#include "cluster/base/error.h"
#include "world/vocabulary.h"

namespace temper {
namespace {

constexpr std::string_view kEntry = "entry ", kAsk = " ask ", kEnd = " .", kAnd = " and ";
constexpr std::array kWordings = {Wording::kTrain, Wording::kHeldOut, Wording::kPastTense};
constexpr std::array kIntents = {WorldIntent::kBenign, WorldIntent::kDualUse, WorldIntent::kMalicious};

// `text` with every `from` as `to`.
std::string WithWords(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  for (size_t at = text.find(from); at != std::string_view::npos; at = text.find(from)) {
    out += Concat(text.substr(0, at), to);
    text.remove_prefix(at + from.size());
  }
  return out.append(text);
}

size_t LongestOpener(std::string_view request) {
  size_t longest = 0;
  for (const Wording wording : kWordings)
    for (const std::string_view opener : Openers(wording))
      if (opener.size() > longest && request.starts_with(Concat(opener, " "))) longest = opener.size();
  return longest;
}

size_t LongestTail(std::string_view request) {
  size_t longest = 0;
  for (const Wording wording : kWordings)
    for (const WorldIntent intent : kIntents)
      for (const std::string_view tail : Tails(intent, wording))
        if (tail.size() > longest && request.ends_with(Concat(" ", tail))) longest = tail.size();
  return longest;
}

std::optional<Facet> FacetOf(std::string_view ask) {
  for (size_t f = 0; f < kNumFacets; ++f)
    for (const Wording wording : kWordings)
      for (const std::string_view known : Asks(static_cast<Facet>(f), wording))
        if (ask == known) return static_cast<Facet>(f);
  return std::nullopt;
}

// Asks joined by "and", each in the past.
std::optional<std::string> AsksInPast(std::string_view asks, std::string_view name, KeyedStream* stream) {
  std::string past;
  while (!asks.empty()) {
    const size_t end = std::min(asks.find(kAnd), asks.size());
    const std::optional<Facet> facet = FacetOf(WithWords(asks.substr(0, end), name, "N"));
    if (!facet) return std::nullopt;
    past += Concat(past.empty() ? "" : kAnd, WithWords(stream->Pick(Asks(*facet, Wording::kPastTense)), "N", name));
    asks.remove_prefix(end == asks.size() ? end : end + kAnd.size());
  }
  return past;
}

}  // namespace

std::optional<std::string> InPastTense(std::string_view prompt, KeyedStream* stream) {
  const size_t ask = prompt.find(kAsk);
  if (!prompt.starts_with(kEntry) || !prompt.ends_with(kEnd) || ask == std::string_view::npos) return std::nullopt;
  const size_t space = prompt.find(' ', kEntry.size());
  const std::string_view name = prompt.substr(kEntry.size(), std::min(prompt.find(' ', space + 1), prompt.size()) - kEntry.size());
  const size_t begin = ask + kAsk.size();
  if (begin + kEnd.size() > prompt.size()) return std::nullopt;
  const std::string_view request = prompt.substr(begin, prompt.size() - kEnd.size() - begin);
  const size_t opener = LongestOpener(request), tail = LongestTail(request);
  if (opener == 0 || opener + 1 + tail >= request.size()) return std::nullopt;
  const size_t asks_end = request.size() - (tail == 0 ? 0 : tail + 1);
  if (asks_end <= opener + 1) return std::nullopt;
  const auto past = AsksInPast(request.substr(opener + 1, asks_end - opener - 1), name, stream);
  if (!past) return std::nullopt;
  return Concat(prompt.substr(0, begin), request.substr(0, opener), " ", *past, request.substr(asks_end), kEnd);
}

}  // namespace temper
