#include "policy/formats/end_tokens.h"

#include <algorithm>
#include <filesystem>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/log.h"
#include "policy/text/strict_json.h"
#include "policy/tokenizer/special_tokens.h"

namespace temper {
namespace {

// The id of the tokenizer's eos_token; -1 where it has none.
int64_t TokenizerEnd(const std::string& folder, const Tokenizer& tokenizer, int64_t vocab_size, std::string* spelling) {
  const auto tokens = ReadSpecialTokens(folder);
  const auto found = tokens.find("eos_token");
  if (found == tokens.end()) return -1;
  *spelling = Quoted(found->second);
  const int64_t id = tokenizer.IdOf(found->second);
  if (id >= 0 && id < vocab_size) return id;
  TEMPER_LOG(Warn, folder, ": tokenizer_config.json names the eos_token ", *spelling,
             id < 0 ? ", which tokenizer.json does not have" : ", which the model has no row for", "; it ends nothing");
  return -1;
}

std::vector<int64_t> IdsIn(const std::string& folder, const char* file, int64_t vocab_size) {
  const std::filesystem::path path = std::filesystem::path(folder) / file;
  return std::filesystem::exists(path) ? StopIdsIn(path.string(), ReadUserFile(path), vocab_size) : std::vector<int64_t>();
}

std::string Joined(const std::vector<int64_t>& ids) {
  std::string list;
  for (const int64_t id : ids) list += Concat(list.empty() ? "" : " and ", id);
  return list;
}

bool Has(const std::vector<int64_t>& ids, int64_t id) { return std::find(ids.begin(), ids.end(), id) != ids.end(); }

}  // namespace

EndTokens FindEndTokens(const std::string& folder, const TransformerConfig& config, const Tokenizer* tokenizer) {
  const auto generation = IdsIn(folder, "generation_config.json", config.vocab_size);
  const bool on_base = !std::filesystem::exists(std::filesystem::path(folder) / "config.json");  // an adapter's folder
  const auto model = on_base ? config.eos_ids : IdsIn(folder, "config.json", config.vocab_size);
  std::string spelling;
  const int64_t own = tokenizer != nullptr ? TokenizerEnd(folder, *tokenizer, config.vocab_size, &spelling) : -1;
  EndTokens ends;
  std::string names;
  const auto take = [&](const char* file, const std::vector<int64_t>& ids, const std::string& shown) {
    for (const int64_t id : ids)
      if (!Has(ends.ids, id)) ends.ids.push_back(id);
    if (!ids.empty()) names += Concat(names.empty() ? "" : ", ", file, " ", shown);
  };
  if (own >= 0) take("tokenizer_config.json", {own}, Concat(spelling, " (", own, ")"));
  take("generation_config.json", generation, Joined(generation));
  take("config.json", model, Joined(model));
  const std::vector<int64_t>& generates = generation.empty() ? model : generation;
  const bool fewer = std::any_of(ends.ids.begin(), ends.ids.end(), [&](int64_t id) { return !Has(generates, id); });
  if (fewer && !generates.empty())
    ends.disagreement = Concat(folder, ": the files name different end tokens: ", names, "; each of them ends an answer");
  if (ends.ids.empty()) ends.ids = config.eos_ids;
  return ends;
}

}  // namespace temper
