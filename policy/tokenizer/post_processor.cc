#include "policy/tokenizer/post_processor.h"

#include "cluster/base/error.h"
#include "policy/text/strict_json.h"
#include "policy/tokenizer/tokenizer_json.h"

namespace temper {
namespace {

constexpr char kWhere[] = "post_processor";
constexpr size_t kMaxPieces = 256;

std::vector<int32_t> SpecialIds(const nlohmann::json& specials, const std::string& name, const TokenTable& table) {
  const std::string where = Concat(kWhere, ".special_tokens.", Quoted(name));
  if (!specials.is_object() || !specials.contains(name)) throw ConfigError(Concat("tokenizer.json: ", where, " is missing"));
  std::vector<int32_t> ids;
  for (const auto& id : JsonList(specials.at(name), "ids", where)) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() >= static_cast<uint64_t>(table.size()) || !table.Has(id.get<int64_t>())) {
      throw ConfigError(Concat("tokenizer.json: ", where, ": ", Quoted(id.dump()), " is not an id of the vocabulary"));
    }
    ids.push_back(id.get<int32_t>());
  }
  return ids;
}

}  // namespace

PostProcessor::PostProcessor(const nlohmann::json& component, const TokenTable& table) {
  bool has_template = false;
  for (const auto* part : OpenSequence(component, "processors", kWhere)) {
    const std::string type = ComponentType(*part);
    if (type == "ByteLevel") continue;
    if (type != "TemplateProcessing") RefuseComponent(kWhere, *part);
    if (has_template) throw ConfigError("tokenizer.json: post_processor Sequence with two of TemplateProcessing is not supported");
    ReadTemplate(*part, table);
    has_template = true;
  }
}

void PostProcessor::ReadTemplate(const nlohmann::json& component, const TokenTable& table) {
  pieces_.clear();
  const auto& specials = JsonField(component, "special_tokens", kWhere);
  const auto& single = JsonList(component, "single", kWhere);
  if (single.size() > kMaxPieces) throw ConfigError(Concat("tokenizer.json: post_processor.single has more than ", kMaxPieces, " parts"));
  for (const auto& piece : single) {
    if (piece.is_object() && piece.size() == 1 && piece.contains("Sequence")) {
      const std::string sequence = JsonString(piece.at("Sequence"), "id", "post_processor.single");
      if (sequence != "A") throw ConfigError(Concat("tokenizer.json: post_processor.single uses sequence ", Quoted(sequence), ", not A"));
      pieces_.push_back({true, {}});
    } else if (piece.is_object() && piece.size() == 1 && piece.contains("SpecialToken")) {
      const std::string name = JsonString(piece.at("SpecialToken"), "id", "post_processor.single");
      pieces_.push_back({false, SpecialIds(specials, name, table)});
    } else {
      throw ConfigError("tokenizer.json: post_processor.single must be a list of {\"Sequence\": ...} and {\"SpecialToken\": ...}");
    }
  }
}

std::vector<int32_t> PostProcessor::Apply(std::vector<int32_t> ids, bool add_specials) const {
  if (pieces_.size() == 1 && pieces_[0].is_text) return ids;
  std::vector<int32_t> all;
  all.reserve(ids.size() + pieces_.size());
  for (const Piece& piece : pieces_) {
    const std::vector<int32_t>& part = piece.is_text ? ids : piece.ids;
    if (piece.is_text || add_specials) all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace temper
