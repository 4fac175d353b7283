#include "policy/gguf/merges.h"

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <unordered_map>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

constexpr char kMerges[] = "tokenizer.ggml.merges";
constexpr size_t kMaxTokenBytes = 1024;  // of a token that is cut: longer ones would take quadratic time, and no tokenizer has them

// A token cut in two, by the ids of the parts.
struct Cut {
  double score;
  size_t left_characters, right_characters;
  size_t left, right;
};

using Ids = std::unordered_map<std::string_view, size_t>;

// In rising order of the parts' ids.
std::vector<Cut> CutsOf(std::string_view token, double score, const Ids& ids) {
  std::vector<Cut> cuts;
  const size_t characters = CountCodePoints(token);
  size_t before = 0;
  for (size_t at = 0; NextCodePoint(token, &at), at < token.size();) {
    ++before;
    const auto left = ids.find(token.substr(0, at)), right = ids.find(token.substr(at));
    if (left != ids.end() && right != ids.end()) cuts.push_back({score, before, characters - before, left->second, right->second});
  }
  std::sort(cuts.begin(), cuts.end(), [](const Cut& a, const Cut& b) { return std::tie(a.left, a.right) < std::tie(b.left, b.right); });
  return cuts;
}

}  // namespace

std::vector<TokenPair> ListedMerges(const GgufMetadata& metadata) {
  std::vector<TokenPair> merges;
  for (const std::string& merge : metadata.TextsAt(kMerges)) {
    const size_t space = merge.find(' ');
    const bool one = space != std::string::npos && space > 0 && space + 1 < merge.size() && merge.find(' ', space + 1) == std::string::npos;
    if (!one) metadata.Refuse(kMerges, Concat("expected two tokens with a space between them, found ", Quoted(merge)));
    merges.emplace_back(merge.substr(0, space), merge.substr(space + 1));
  }
  return merges;
}

std::vector<TokenPair> MergesByScore(const GgufMetadata& metadata, const GgufVocabulary& vocabulary) {
  const std::vector<std::string>& tokens = vocabulary.tokens();
  if (vocabulary.scores().empty()) metadata.Refuse("tokenizer.ggml.scores", "missing; the file has no merges either");
  Ids ids;
  for (size_t id = 0; id < tokens.size(); ++id)
    if (vocabulary.IsUsed(id)) ids.emplace(tokens[id], id);
  std::vector<Cut> cuts;
  for (size_t id = 0; id < tokens.size(); ++id) {
    if (!vocabulary.IsUsed(id) || tokens[id].size() > kMaxTokenBytes) continue;
    const std::vector<Cut> own = CutsOf(tokens[id], vocabulary.scores()[id], ids);
    cuts.insert(cuts.end(), own.begin(), own.end());
  }
  const auto rank = [](const Cut& cut) { return std::tuple(cut.score, cut.left_characters, cut.right_characters); };
  std::stable_sort(cuts.begin(), cuts.end(), [&](const Cut& a, const Cut& b) { return rank(a) > rank(b); });
  std::vector<TokenPair> merges;
  for (const Cut& cut : cuts) merges.emplace_back(tokens[cut.left], tokens[cut.right]);
  return merges;
}

}  // namespace temper
