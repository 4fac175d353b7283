#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reward/classifier/model.h"
#include "reward/text/ngrams.h"

namespace temper {

// The places in a vocabulary of the n-grams of words that were met before. Most words of a text are among them. The memory is bounded.
class WordPlaces {
 public:
  struct Word {
    uint32_t first = 0, size = 0;  // in places()
  };
  const std::vector<uint32_t>& places() const { return places_; }
  // To be called before each text: what was returned before may no longer be valid.
  void MakeRoom();
  // The index of a word; fill(std::vector<uint32_t>*) appends the places of one that is new.
  template <typename Fill>
  uint32_t IndexOf(std::string_view word, Fill fill) {
    size_t slot = 0;
    if (word.size() <= kMaxWordBytes)
      if (const uint32_t known = Find(word, &slot); known != kNone) return known;
    const size_t first = places_.size();
    fill(&places_);
    words_.push_back({static_cast<uint32_t>(first), static_cast<uint32_t>(places_.size() - first)});
    const auto index = static_cast<uint32_t>(words_.size() - 1);
    if (word.size() <= kMaxWordBytes) Keep(word, slot, index);
    return index;
  }
  const Word& word(uint32_t index) const { return words_[index]; }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr size_t kMaxPlaces = size_t{1} << 20, kMaxWordBytes = 64, kSlots = size_t{1} << 16, kMaxWords = kSlots / 2;
  struct Slot {
    uint64_t hash = 0;
    uint32_t index = kNone, spelling = 0;  // spelling: where it begins in spellings_, its length before it
  };
  uint32_t Find(std::string_view word, size_t* slot) const;
  void Keep(std::string_view word, size_t slot, uint32_t index);

  std::vector<Slot> slots_;  // open addressing
  std::string spellings_;
  std::vector<Word> words_;
  std::vector<uint32_t> places_;
};

// A space of a model made ready to be asked. Not thread-safe: it keeps memory from text to text.
class AskedSpace {
 public:
  AskedSpace(const SpaceModel& model, size_t num_outputs);

  const SpaceModel& model() const { return *model_; }
  // What the n-grams of a normalised text add to each output. Of a text that was asked about before this one it is remembered.
  void AddTo(std::string_view text, std::span<double> outputs);
  // The features of a text: place in the vocabulary and value, in the order of their first place in the text.
  struct Feature {
    uint32_t place = 0;
    double value = 0;
  };
  std::vector<Feature> FeaturesOf(std::string_view text);
  // The place of a slot in the vocabulary, or -1.
  int32_t PlaceOf(uint32_t slot) const { return index_.Find(slot); }
  template <typename Visit>
  void ReadNgrams(std::string_view text, Visit visit) {
    reader_.Read(text, visit);
  }

 private:
  void Add(uint32_t place, uint32_t times);
  void Count(std::string_view text);
  void CountWords(std::string_view text);
  double Sum(std::span<double> sums);

  const SpaceModel* model_;
  NgramReader reader_;
  SlotIndex index_;
  WordPlaces words_;
  std::vector<float> factors_;    // by place: idf, then the weight of each output
  std::vector<uint16_t> counts_;  // by place; all 0 between texts
  std::vector<uint32_t> touched_;
  std::vector<uint32_t> of_text_, times_;  // words of the text in the order of their first place; by word how often, all 0 between texts
  std::string last_text_;
  bool asked_ = false;
  std::vector<double> last_added_;
};

}  // namespace temper
