#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "reward/grade/grade.h"

namespace temper {

// Answers as the page shows them: cut where they are very long, and in pieces by the evidence they rest on.

inline constexpr size_t kShownBytes = 6000;  // of a prompt or an answer

// The first kShownBytes of a text, cut between characters.
std::string ShownPart(const std::string& text);

// A run of bytes of an answer that belong to the same evidence.
struct AnswerPiece {
  std::string text;
  int evidence = -1;  // index into the evidence, the first that covers the piece; -1 = none
};

// The response in pieces that make it up in order; spans of evidence are widened to whole characters, and what lies beyond the response
// is left out.
std::vector<AnswerPiece> MarkedPieces(const std::string& response, const std::vector<Evidence>& evidence);

}  // namespace temper
