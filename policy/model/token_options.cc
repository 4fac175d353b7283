#include "policy/model/token_options.h"

#include <algorithm>
#include <cctype>
#include <set>

namespace temper {
namespace {

constexpr size_t kMaxNames = 64;
constexpr size_t kMaxNameBytes = 64;

bool IsTokenName(const std::string& name) {
  const auto fits = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.'; };
  return !name.empty() && name.size() <= kMaxNameBytes && std::all_of(name.begin(), name.end(), fits);
}

// Beginnings of answers of a mode, by the usual names of its token.
const std::map<std::string, std::string>& UsualWords() {
  static const std::map<std::string, std::string> kWords = {
      {"direct", "sure here"},        {"respond", "sure here"},   {"safe_complete", "safe general"}, {"safe_completion", "safe general"},
      {"redirect", "instead cannot"}, {"refuse", "sorry cannot"}, {"bare_refusal", "sorry cannot"}};
  return kWords;
}

bool AreAllNames(const std::map<std::string, std::string>& map, const std::vector<std::string>& names, bool keys) {
  return std::all_of(map.begin(), map.end(), [&](const auto& entry) {
    return std::find(names.begin(), names.end(), keys ? entry.first : entry.second) != names.end();
  });
}

}  // namespace

std::vector<std::string> TokenOptions::Names() const {
  if (!any()) return {};
  std::vector<std::string> names = mode_tokens;
  names.insert(names.end(), category_tokens.begin(), category_tokens.end());
  return names;
}

std::string TokenOptions::WordsOf(const std::string& name) const {
  if (const auto given = token_words.find(name); given != token_words.end()) return given->second;
  if (const auto usual = UsualWords().find(name); usual != UsualWords().end()) return usual->second;
  std::string words = name;
  std::replace_if(
      words.begin(), words.end(), [](char c) { return c == '_' || c == '-' || c == '.'; }, ' ');
  return words;
}

std::string TokenSpelling(const std::string& name) { return "[" + name + "]"; }

std::vector<std::string> TokenSpellings(const TokenOptions& options) {
  std::vector<std::string> spellings;
  for (const std::string& name : options.Names()) spellings.push_back(TokenSpelling(name));
  return spellings;
}

void Describe(TokenOptions& c, ConfigFields& f) {
  f.StringList(
      "mode_tokens", &c.mode_tokens,
      "names of special tokens, at least two, that an answer begins with and that say its mode, such as [direct, safe_complete, "
      "redirect]; [NAME] in the tokenizer. SFT puts the token of its mode before each demonstration, RL keeps it, graders and users "
      "do not see it; empty = none");
  f.StringList("category_tokens", &c.category_tokens,
               "policy.mode_tokens: categories whose refusals (modes redirect and bare_refusal) begin with a token of the category's name "
               "in place of the mode's");
  f.StringMap("mode_token_of", &c.mode_token_of,
              "policy.mode_tokens: mode -> name of its token. A mode that is not here has the token of its own name; without one "
              "safe_completion has safe_complete, and redirect and bare_refusal have refuse, then redirect; else it has none");
  f.StringMap(
      "token_words", &c.token_words,
      "policy.mode_tokens: name -> words; the token's embedding starts as the mean of theirs, by default of words that such answers "
      "begin with, or of the name's. Of a policy from scratch all embeddings are random");
  f.Rule([&c] { return c.mode_tokens.size() != 1; }, "policy.mode_tokens must name at least two tokens: one alone says nothing");
  f.Rule([&c] { return c.any() || c.category_tokens.empty(); },
         "policy.category_tokens needs policy.mode_tokens: what does not refuse needs a token, too");
  f.Rule([&c] { return c.Names().size() <= kMaxNames; }, "policy.mode_tokens and policy.category_tokens must be at most 64 names");
  f.Rule(
      [&c] {
        const std::vector<std::string> names = c.Names();
        return std::all_of(names.begin(), names.end(), IsTokenName);
      },
      "policy.mode_tokens and policy.category_tokens must be names of at most 64 letters, digits, '_', '-' and '.'");
  f.Rule(
      [&c] {
        const std::vector<std::string> names = c.Names();
        return std::set<std::string>(names.begin(), names.end()).size() == names.size();
      },
      "policy.mode_tokens and policy.category_tokens must not name a token twice");
  f.Rule([&c] { return AreAllNames(c.mode_token_of, c.mode_tokens, false); }, "policy.mode_token_of must give names of policy.mode_tokens");
  f.Rule([&c] { return AreAllNames(c.token_words, c.Names(), true); },
         "policy.token_words must be of names of policy.mode_tokens or policy.category_tokens");
}

}  // namespace temper
