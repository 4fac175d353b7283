#include "reward/text/vocabulary.h"

#include <algorithm>
#include <cmath>

namespace temper {

NgramCounter::NgramCounter(const NgramOptions& options) : reader_(options), counts_(size_t{1} << options.slot_bits) {}

void NgramCounter::Add(std::string_view normalized, CountedTexts* to) {
  touched_.clear();
  reader_.Read(normalized, [this](uint32_t slot, size_t, size_t) {
    if (counts_[slot] == 0) touched_.push_back(slot);
    if (counts_[slot] < kMaxCount) ++counts_[slot];
  });
  for (const uint32_t slot : touched_) {
    to->counts.push_back({slot, counts_[slot]});
    counts_[slot] = 0;
  }
  to->ends.push_back(to->counts.size());
}

namespace {

// For each slot the number of sources whose texts have it.
std::vector<uint32_t> CountSources(const CountedTexts& texts, std::span<const uint32_t> rows, std::span<const uint32_t> source_of,
                                   size_t num_slots) {
  std::vector<uint32_t> order(rows.begin(), rows.end());
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return source_of[a] < source_of[b]; });
  std::vector<uint32_t> sources(num_slots), last(num_slots, UINT32_MAX);
  for (const uint32_t row : order) {
    for (const SlotCount& each : texts.text(row)) {
      if (last[each.slot] == source_of[row]) continue;
      last[each.slot] = source_of[row];
      ++sources[each.slot];
    }
  }
  return sources;
}

}  // namespace

Vocabulary FitVocabulary(const CountedTexts& texts, std::span<const uint32_t> rows, std::span<const uint32_t> source_of, int slot_bits,
                         const VocabularyOptions& options) {
  const size_t num_slots = size_t{1} << slot_bits;
  std::vector<uint32_t> in_texts(num_slots);
  std::vector<uint64_t> total(num_slots);
  for (const uint32_t row : rows) {
    for (const SlotCount& each : texts.text(row)) {
      ++in_texts[each.slot];
      total[each.slot] += each.count;
    }
  }
  std::vector<uint32_t> sources;
  if (options.min_sources > 1 && !source_of.empty()) sources = CountSources(texts, rows, source_of, num_slots);
  Vocabulary vocabulary;
  for (uint32_t slot = 0; slot < num_slots; ++slot) {
    if (in_texts[slot] == 0 || in_texts[slot] < options.min_texts) continue;
    if (!sources.empty() && sources[slot] < options.min_sources) continue;
    vocabulary.slots.push_back(slot);
  }
  if (vocabulary.slots.size() > static_cast<size_t>(options.max_features)) {
    const auto more = [&](uint32_t a, uint32_t b) { return total[a] != total[b] ? total[a] > total[b] : a < b; };
    const auto keep = vocabulary.slots.begin() + options.max_features;
    std::nth_element(vocabulary.slots.begin(), keep, vocabulary.slots.end(), more);
    vocabulary.slots.erase(keep, vocabulary.slots.end());
    std::sort(vocabulary.slots.begin(), vocabulary.slots.end());
  }
  const double all = static_cast<double>(rows.size()) + 1;
  for (const uint32_t slot : vocabulary.slots) vocabulary.idf.push_back(static_cast<float>(std::log(all / (1.0 + in_texts[slot])) + 1));
  return vocabulary;
}

SlotIndex::SlotIndex(std::span<const uint32_t> slots, int slot_bits) : bits_((size_t{1} << slot_bits) / 64) {
  for (const uint32_t slot : slots) bits_[slot / 64] |= uint64_t{1} << (slot % 64);
  uint32_t before = 0;
  for (const uint64_t bits : bits_) {
    before_.push_back(before);
    before += static_cast<uint32_t>(std::popcount(bits));
  }
}

const std::array<float, kMaxCount + 1> kSublinearCounts = [] {
  std::array<float, kMaxCount + 1> table{};
  for (uint32_t i = 1; i <= kMaxCount; ++i) table[i] = static_cast<float>(1 + std::log(static_cast<double>(i)));
  return table;
}();

}  // namespace temper
