#include "views/report/answers.h"

#include <algorithm>

namespace temper {
namespace {

bool Continues(const std::string& text, size_t at) { return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80; }

// The evidence each byte of the response belongs to; -1 = none.
std::vector<int> Cover(const std::string& response, const std::vector<Evidence>& evidence) {
  std::vector<int> cover(response.size(), -1);
  for (size_t e = 0; e < evidence.size(); ++e) {
    size_t begin = std::min<size_t>(evidence[e].begin, response.size()), end = std::min<size_t>(evidence[e].end, response.size());
    if (begin >= end) continue;
    while (begin > 0 && Continues(response, begin)) --begin;
    while (Continues(response, end)) ++end;
    for (size_t i = begin; i < end; ++i) {
      if (cover[i] < 0) cover[i] = static_cast<int>(e);
    }
  }
  return cover;
}

}  // namespace

std::string ShownPart(const std::string& text) {
  if (text.size() <= kShownBytes) return text;
  size_t end = kShownBytes;
  while (end > 0 && Continues(text, end)) --end;
  return text.substr(0, end);
}

std::vector<AnswerPiece> MarkedPieces(const std::string& response, const std::vector<Evidence>& evidence) {
  const std::vector<int> cover = Cover(response, evidence);
  std::vector<AnswerPiece> pieces;
  for (size_t begin = 0, end; begin < response.size(); begin = end) {
    end = begin + 1;
    while (end < response.size() && cover[end] == cover[begin]) ++end;
    pieces.push_back({response.substr(begin, end - begin), cover[begin]});
  }
  return pieces;
}

}  // namespace temper
