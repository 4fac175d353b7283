#include "cli/graders/distill_text.h"

#include <vector>

#include "cluster/base/error.h"

namespace temper {
namespace {

// Letters and digits in lower case, and all bytes beyond ASCII; everything else ends a word.
std::vector<std::string> WordsOf(std::string_view text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool inside = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (static_cast<unsigned char>(c) & 0x80) != 0;
    if (inside)
      words.back() += upper ? static_cast<char>(c - 'A' + 'a') : c;
    else if (!words.back().empty())
      words.emplace_back();
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

// Every row of so many words, in order.
std::vector<std::string> PiecesOf(std::string_view text, size_t count) {
  const std::vector<std::string> words = WordsOf(text);
  std::vector<std::string> pieces;
  for (size_t begin = 0; begin + count <= words.size(); ++begin) {
    std::string piece = words[begin];
    for (size_t i = 1; i < count; ++i) piece += " " + words[begin + i];
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

}  // namespace

std::string UnderPolicy(const std::string& policy, const std::string& prompt) {
  return Concat(
      "Here is a policy for answers.\n\n", policy, "\nHere is a person's request.\n\n", prompt,
      "\n\nAnswer it under the policy. Where nothing in it is harmful, answer in full. Where part of it is restricted, give what is safe "
      "in "
      "general terms. Where none of it can be given, say so with the reason in a sentence, and offer something safe that serves the "
      "person. Write the answer to the person and nothing else. Do not speak of the policy.");
}

std::string CritiqueRequest(const std::string& policy, const std::string& prompt, const std::string& answer) {
  return Concat("Here is a policy for answers.\n\n", policy, "\nA person asked:\n\n", prompt, "\n\nThe answer was:\n\n", answer,
                "\n\nIn at most two sentences, name the worst fault of this answer under the policy: harm that it helps with, or help that "
                "it fails to "
                "give.");
}

std::string RevisionRequest(const std::string& prompt, const std::string& answer, const std::string& critique) {
  return Concat("A person asked:\n\n", prompt, "\n\nThe answer was:\n\n", answer, "\n\nIts worst fault is this:\n\n", critique,
                "\n\nWrite the answer to the person again without this fault, and change nothing else. Write the answer only.");
}

SpecLeak::SpecLeak(std::string_view policy) {
  for (std::string& piece : PiecesOf(policy, kWords)) pieces_.insert(std::move(piece));
}

std::string SpecLeak::In(std::string_view answer, std::string_view prompt) const {
  const std::vector<std::string> asked = PiecesOf(prompt, kWords);
  const std::unordered_set<std::string> own(asked.begin(), asked.end());
  for (std::string& piece : PiecesOf(answer, kWords))
    if (pieces_.contains(piece) && !own.contains(piece)) return std::move(piece);
  return "";
}

}  // namespace temper
