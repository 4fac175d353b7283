#include "policy/tokenizer/token_addition.h"

#include <set>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "policy/text/strict_json.h"
#include "policy/tokenizer/tokenizer.h"

namespace temper {
namespace {

using Json = nlohmann::json;  // one in the order of the file would look up each of its tokens one by one

void CheckTokens(const std::vector<std::string>& tokens) {
  std::set<std::string> seen;
  for (const std::string& token : tokens) {
    if (token.empty() || InvalidUtf8At(token)) throw ConfigError(Concat("a special token must be a text in UTF-8, not ", Quoted(token)));
    if (!seen.insert(token).second) throw ConfigError(Concat("the special token ", Quoted(token), " is given twice"));
  }
}

// Whether the file has the token as a special one. ConfigError where it has it as another.
bool IsThere(const Json& file, const std::string& token) {
  if (file.contains("added_tokens") && file["added_tokens"].is_array()) {
    for (const Json& added : file["added_tokens"]) {
      if (added.value("content", "") != token) continue;
      if (added.value("special", false)) return true;
      throw ConfigError(Concat("tokenizer.json: ", Quoted(token), " is an added token that is not special; choose another name"));
    }
  }
  if (!file["model"]["vocab"].contains(token)) return false;
  throw ConfigError(Concat("tokenizer.json: ", Quoted(token), " is an ordinary token of the vocabulary; choose another name"));
}

// The id that the library gives the next token that is added.
size_t NextId(const Json& file) {
  const Json& vocab = file["model"]["vocab"];
  size_t next = vocab.size();
  for (const Json& added : file["added_tokens"]) next += vocab.contains(added["content"].get<std::string>()) ? 0 : 1;
  return next;
}

}  // namespace

std::string WithSpecialTokens(const std::string& tokenizer_json, const std::vector<std::string>& tokens) {
  if (tokens.empty()) return tokenizer_json;
  CheckTokens(tokens);
  const Tokenizer readable(tokenizer_json);  // its errors say what is wrong with the file
  Json file = Json::parse(tokenizer_json);
  if (!file.contains("added_tokens") || file["added_tokens"].is_null()) file["added_tokens"] = Json::array();
  bool changed = false;
  for (const std::string& token : tokens) {
    if (IsThere(file, token)) continue;
    file["added_tokens"].push_back({{"id", NextId(file)},
                                    {"content", token},
                                    {"single_word", false},
                                    {"lstrip", false},
                                    {"rstrip", false},
                                    {"normalized", false},
                                    {"special", true}});
    changed = true;
  }
  return changed ? file.dump(1) + "\n" : tokenizer_json;
}

}  // namespace temper
