#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/base/bytes.h"

namespace temper {

// Whether a row is one that a grader was trained on.
//   short_answer  its answer is, a short one as many prompts get ("I can't help with that."): the row says nothing new, but other rows of
//   its
//                 source may
//   row           its prompt is, or its answer and that is long
enum class RowMatch : uint8_t { kNone, kShortAnswer, kRow };

// Hashes of the texts of many rows: they tell whether a row is among them, by its prompt or by its answer, and not what it says. Case and
// white space make no difference. Short answers of rows with prompts count where the row that is asked about has no prompt.
class RowHashes {
 public:
  RowHashes() = default;
  // As Append made them, in any order. None at all where there are more than kMost.
  explicit RowHashes(std::vector<uint64_t> hashes);
  static void Append(std::string_view prompt, std::string_view answer, std::vector<uint64_t>* hashes);

  RowMatch Match(std::string_view prompt, std::string_view answer) const;
  // Nothing is known of the rows.
  bool empty() const { return hashes_.empty(); }
  const std::vector<uint64_t>& hashes() const { return hashes_; }  // rising

  void Write(ByteWriter* out) const { out->PutVector(hashes_); }
  // Throws Error where they do not rise or are too many.
  static RowHashes Read(ByteReader* in);

  static constexpr size_t kMost = size_t{1} << 21;
  static constexpr size_t kShortBytes = 100;  // an answer of fewer is short

 private:
  bool Has(uint64_t hash) const;

  std::vector<uint64_t> hashes_;
};

// What a grader was trained on, as its file tells.
struct TrainingRows {
  std::vector<std::string> sources = {};  // names of where the rows come from
  RowHashes rows = {};                    // empty = the file does not say
};

}  // namespace temper
