#pragma once

#include <cstdint>
#include <vector>

#include <nlohmann/json.hpp>

#include "policy/tokenizer/token_table.h"

namespace temper {

// The `post_processor` of tokenizer.json, for one sequence: null, ByteLevel (which changes offsets only), TemplateProcessing, or a
// Sequence with at most one template; anything else is a ConfigError naming it.
class PostProcessor {
 public:
  PostProcessor(const nlohmann::json& component, const TokenTable& table);

  // The ids of a text, with the template's special tokens around them or without.
  std::vector<int32_t> Apply(std::vector<int32_t> ids, bool add_specials) const;

 private:
  struct Piece {
    bool is_text;
    std::vector<int32_t> ids;  // of a special token
  };
  void ReadTemplate(const nlohmann::json& component, const TokenTable& table);

  std::vector<Piece> pieces_ = {{true, {}}};
};

}  // namespace temper
