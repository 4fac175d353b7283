#include "reward/text/phrase_counter.h"

#include <deque>

#include "cluster/base/error.h"

namespace temper {

PhraseCounter::PhraseCounter(const std::vector<std::vector<std::string_view>>& lists) : states_(1) {
  TEMPER_CHECK(lists.size() <= kMaxLists, lists.size(), " lists of phrases; at most ", kMaxLists);
  uint8_t next = 1;
  for (const char c : std::string_view("abcdefghijklmnopqrstuvwxyz0123456789 ',-")) letters_[static_cast<unsigned char>(c)] = next++;
  for (size_t list = 0; list < lists.size(); ++list)
    for (const std::string_view phrase : lists[list]) AddPhrase(phrase, list);
  Link();
}

void PhraseCounter::AddPhrase(std::string_view phrase, size_t list) {
  size_t at = 0;
  for (const char c : phrase) {
    const uint8_t letter = letters_[static_cast<unsigned char>(c)];
    TEMPER_CHECK(letter != 0, "the phrase '", phrase, "' has a character that phrases may not have");
    if (states_[at].next[letter] == 0) {
      states_[at].next[letter] = static_cast<uint16_t>(states_.size());
      states_.emplace_back();
    }
    at = states_[at].next[letter];
  }
  ++states_[at].found[list];
  states_[at].any = true;
}

// Makes of the tree of phrases an automaton: breadth first, a state takes the steps and finds of its longest proper suffix.
void PhraseCounter::Link() {
  std::deque<uint16_t> queue;
  for (size_t letter = 1; letter < kLetters; ++letter)
    if (states_[0].next[letter] != 0) queue.push_back(states_[0].next[letter]);
  for (; !queue.empty(); queue.pop_front()) {
    State& state = states_[queue.front()];
    const State& suffix = states_[state.fallback];
    for (size_t list = 0; list < kMaxLists; ++list) state.found[list] = static_cast<uint8_t>(state.found[list] + suffix.found[list]);
    state.any = state.any || suffix.any;
    for (size_t letter = 1; letter < kLetters; ++letter) {
      if (state.next[letter] == 0) {
        state.next[letter] = suffix.next[letter];
        continue;
      }
      states_[state.next[letter]].fallback = suffix.next[letter];
      queue.push_back(state.next[letter]);
    }
  }
}

PhraseCounter::Counts PhraseCounter::Count(std::string_view normalized, size_t head_bytes) const {
  Counts counts;
  size_t at = 0;
  for (size_t i = 0; i < normalized.size(); ++i) {
    at = states_[at].next[letters_[static_cast<unsigned char>(normalized[i])]];
    if (!states_[at].any) continue;
    for (size_t list = 0; list < kMaxLists; ++list) {
      counts.all[list] += states_[at].found[list];
      if (i < head_bytes) counts.head[list] += states_[at].found[list];
    }
  }
  return counts;
}

}  // namespace temper
