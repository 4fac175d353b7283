#include "policy/tokenizer/added_tokens.h"

#include <algorithm>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "policy/text/strict_json.h"
#include "policy/text/unicode_regex.h"

namespace temper {
namespace {

// What \w means to the regular expressions of the library's own language.
bool StartsWithWordCharacter(std::string_view text) {
  static const UnicodeRegex kRegex(R"([\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200C}\x{200D}])");
  return kRegex.MatchAtStart(text) > 0;
}

// A word character on either side of text[begin, end)?
bool TouchesWord(std::string_view text, size_t begin, size_t end) {
  if (begin > 0 && StartsWithWordCharacter(text.substr(LastCodePointStart(text.substr(0, begin))))) return true;
  return end < text.size() && StartsWithWordCharacter(text.substr(end));
}

size_t SkipSpacesBack(std::string_view text, size_t at, size_t stop) {
  while (at > stop) {
    size_t position = LastCodePointStart(text.substr(0, at));
    const size_t start = position;
    if (!IsWhiteSpace(NextCodePoint(text, &position))) break;
    at = start;
  }
  return std::max(at, stop);
}

size_t SkipSpaces(std::string_view text, size_t at) {
  while (at < text.size()) {
    size_t next = at;
    if (!IsWhiteSpace(NextCodePoint(text, &next))) break;
    at = next;
  }
  return at;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  for (size_t i = 0; i < tokens_.size(); ++i) {
    const AddedToken& token = tokens_[i];
    Pass& pass = passes_[token.normalized ? 1 : 0];
    if (token.pattern.empty()) throw ConfigError(Concat("tokenizer.json: nothing is left of added token ", token.id, " when normalized"));
    if (!pass.index.emplace(token.pattern, i).second) {
      throw ConfigError(Concat("tokenizer.json: added token ", token.id, " is the same as another one: ", Quoted(token.pattern)));
    }
    auto& lengths = pass.lengths[static_cast<unsigned char>(token.pattern[0])];
    if (std::find(lengths.begin(), lengths.end(), token.pattern.size()) == lengths.end()) lengths.push_back(token.pattern.size());
  }
  for (Pass& pass : passes_) {
    for (auto& lengths : pass.lengths) std::sort(lengths.begin(), lengths.end(), std::greater<>());
  }
}

const AddedToken* AddedTokens::LongestAt(const Pass& pass, std::string_view text, size_t at) const {
  for (const size_t length : pass.lengths[static_cast<unsigned char>(text[at])]) {
    if (length > text.size() - at) continue;
    const auto found = pass.index.find(text.substr(at, length));
    if (found != pass.index.end()) return &tokens_[found->second];
  }
  return nullptr;
}

std::vector<TextPiece> AddedTokens::Split(const Pass& pass, std::string_view text) const {
  std::vector<TextPiece> pieces;
  size_t done = 0;  // everything before it stands in `pieces`
  for (size_t at = 0; at < text.size() && !pass.index.empty();) {
    const bool may_start = !pass.lengths[static_cast<unsigned char>(text[at])].empty();
    const AddedToken* token = may_start ? LongestAt(pass, text, at) : nullptr;
    if (token == nullptr) {
      ++at;
      continue;
    }
    size_t begin = at, end = at + token->pattern.size();
    at = end;  // also where rstrip takes more: a token within the white space is found, too
    if (token->single_word && TouchesWord(text, begin, end)) continue;
    if (token->lstrip) begin = SkipSpacesBack(text, begin, done);
    if (token->rstrip) end = SkipSpaces(text, end);
    if (begin > done) pieces.push_back({-1, text.substr(done, begin - done)});
    pieces.push_back({token->id, text.substr(begin, end - begin)});
    done = end;
  }
  if (done < text.size()) pieces.push_back({-1, text.substr(done)});
  return pieces;
}

}  // namespace temper
