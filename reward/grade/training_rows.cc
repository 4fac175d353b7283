#include "reward/grade/training_rows.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "cluster/base/error.h"
#include "cluster/base/hash.h"

namespace temper {
namespace {

// In small letters, with one space for white space and none at the ends.
std::string Plain(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    const bool space = c == ' ' || (c >= '\t' && c <= '\r');
    if (space && (plain.empty() || plain.back() == ' ')) continue;
    plain += space ? ' ' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  if (!plain.empty() && plain.back() == ' ') plain.pop_back();
  return plain;
}

uint64_t HashOf(const std::string& plain) { return Hash64("text:" + plain); }

// Of a short answer that a prompt stands before.
uint64_t HashOfReply(const std::string& plain) { return Hash64("reply:" + plain); }

bool IsShort(const std::string& plain) { return plain.size() < RowHashes::kShortBytes; }

}  // namespace

RowHashes::RowHashes(std::vector<uint64_t> hashes) : hashes_(std::move(hashes)) {
  std::sort(hashes_.begin(), hashes_.end());
  hashes_.erase(std::unique(hashes_.begin(), hashes_.end()), hashes_.end());
  if (hashes_.size() > kMost) hashes_.clear();
}

void RowHashes::Append(std::string_view prompt, std::string_view answer, std::vector<uint64_t>* hashes) {
  const std::string plain_prompt = Plain(prompt), plain_answer = Plain(answer);
  if (!plain_prompt.empty()) hashes->push_back(HashOf(plain_prompt));
  if (plain_answer.empty()) return;
  const bool reply = !plain_prompt.empty() && IsShort(plain_answer);
  hashes->push_back(reply ? HashOfReply(plain_answer) : HashOf(plain_answer));
}

bool RowHashes::Has(uint64_t hash) const { return std::binary_search(hashes_.begin(), hashes_.end(), hash); }

RowMatch RowHashes::Match(std::string_view prompt, std::string_view answer) const {
  const std::string plain_prompt = Plain(prompt), plain_answer = Plain(answer);
  if (!plain_prompt.empty() && Has(HashOf(plain_prompt))) return RowMatch::kRow;
  if (plain_answer.empty()) return RowMatch::kNone;
  if (Has(HashOf(plain_answer))) return IsShort(plain_answer) ? RowMatch::kShortAnswer : RowMatch::kRow;
  return plain_prompt.empty() && Has(HashOfReply(plain_answer)) ? RowMatch::kShortAnswer : RowMatch::kNone;
}

RowHashes RowHashes::Read(ByteReader* in) {
  RowHashes read;
  read.hashes_ = in->GetVector<uint64_t>();
  TEMPER_CHECK(read.hashes_.size() <= kMost, read.hashes_.size(), " hashes of rows; at most ", kMost);
  TEMPER_CHECK(std::adjacent_find(read.hashes_.begin(), read.hashes_.end(), std::greater_equal<>()) == read.hashes_.end(),
               "hashes of rows that do not rise");
  return read;
}

}  // namespace temper
