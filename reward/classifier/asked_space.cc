#include "reward/classifier/asked_space.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "cluster/base/hash.h"

namespace temper {

void WordPlaces::MakeRoom() {
  if (!slots_.empty() && places_.size() <= kMaxPlaces && words_.size() <= kMaxWords) return;
  slots_.assign(kSlots, Slot{});
  spellings_.clear();
  words_.clear();
  places_.clear();
}

uint32_t WordPlaces::Find(std::string_view word, size_t* slot) const {
  const uint64_t hash = Hash64(word);
  for (*slot = hash % kSlots; slots_[*slot].index != kNone; *slot = (*slot + 1) % kSlots) {
    const Slot& each = slots_[*slot];
    if (each.hash != hash || static_cast<unsigned char>(spellings_[each.spelling]) != word.size()) continue;
    if (std::string_view(spellings_).substr(each.spelling + 1, word.size()) == word) return each.index;
  }
  return kNone;
}

// A text of many new words may bring more than half of the slots; then the rest of its words is not kept.
void WordPlaces::Keep(std::string_view word, size_t slot, uint32_t index) {
  if (words_.size() > kSlots - kSlots / 4) return;
  slots_[slot] = {Hash64(word), index, static_cast<uint32_t>(spellings_.size())};
  spellings_ += static_cast<char>(word.size());
  spellings_ += word;
}

AskedSpace::AskedSpace(const SpaceModel& model, size_t num_outputs)
    : model_(&model),
      reader_(model.options.ngrams),
      index_(model.vocabulary.slots, model.options.ngrams.slot_bits),
      counts_(model.vocabulary.slots.size()),
      last_added_(num_outputs) {
  for (size_t place = 0; place < counts_.size(); ++place) {
    factors_.push_back(model.vocabulary.idf[place]);
    for (size_t k = 0; k < num_outputs; ++k) factors_.push_back(model.weights[place * num_outputs + k]);
  }
}

void AskedSpace::Add(uint32_t place, uint32_t times) {
  uint16_t& count = counts_[place];
  if (count == 0) touched_.push_back(place);
  count = static_cast<uint16_t>(std::min(count + times, kMaxCount));
}

void AskedSpace::Count(std::string_view text) {
  touched_.clear();
  if (model_->options.ngrams.unit == NgramUnit::kCharacter) return CountWords(text);
  reader_.Read(text, [this](uint32_t slot, size_t, size_t) {
    if (const int32_t place = index_.Find(slot); place >= 0) Add(static_cast<uint32_t>(place), 1);
  });
}

// N-grams of characters lie within words: those of each different word are added once, as often as the word occurs.
void AskedSpace::CountWords(std::string_view text) {
  words_.MakeRoom();
  of_text_.clear();
  reader_.ForEachWord(text, [&](size_t begin, size_t end) {
    const auto fill = [&](std::vector<uint32_t>* places) {
      reader_.ReadWord(text, begin, end, [&](uint32_t slot, size_t, size_t) {
        if (const int32_t place = index_.Find(slot); place >= 0) places->push_back(static_cast<uint32_t>(place));
      });
    };
    const uint32_t index = words_.IndexOf(text.substr(begin, end - begin), fill);
    if (times_.size() <= index) times_.resize(2 * size_t{index} + 64);
    if (times_[index]++ == 0) of_text_.push_back(index);
  });
  for (const uint32_t index : of_text_) {
    const WordPlaces::Word word = words_.word(index);
    const uint32_t times = std::exchange(times_[index], 0);
    for (const uint32_t place : std::span(words_.places()).subspan(word.first, word.size)) Add(place, times);
  }
}

// Adds value times weight to the sums, and returns the sum of the squares of the values.
double AskedSpace::Sum(std::span<double> sums) {
  const size_t num_outputs = sums.size(), width = 1 + num_outputs;
  double squares = 0;
  if (num_outputs == 1) {
    double sum = 0;
    for (const uint32_t place : touched_) {
      const double value = SublinearCount(counts_[place]) * factors_[2 * place];
      counts_[place] = 0;
      squares += value * value;
      sum += value * factors_[2 * place + 1];
    }
    sums[0] += sum;
    return squares;
  }
  for (const uint32_t place : touched_) {
    const float* factors = factors_.data() + place * width;
    const double value = SublinearCount(counts_[place]) * factors[0];
    counts_[place] = 0;
    squares += value * value;
    for (size_t k = 0; k < num_outputs; ++k) sums[k] += value * factors[1 + k];
  }
  return squares;
}

void AskedSpace::AddTo(std::string_view text, std::span<double> outputs) {
  if (!asked_ || text != last_text_) {
    Count(text);
    std::fill(last_added_.begin(), last_added_.end(), 0);
    const double squares = Sum(last_added_);
    const double scale = squares == 0 ? 0 : model_->options.scale / std::sqrt(squares);
    for (double& each : last_added_) each *= scale;
    last_text_ = text;
    asked_ = true;
  }
  for (size_t k = 0; k < outputs.size(); ++k) outputs[k] += last_added_[k];
}

std::vector<AskedSpace::Feature> AskedSpace::FeaturesOf(std::string_view text) {
  Count(text);
  double squares = 0;
  std::vector<Feature> features;
  for (const uint32_t place : touched_) {
    const double value = SublinearCount(counts_[place]) * model_->vocabulary.idf[place];
    counts_[place] = 0;
    squares += value * value;
    features.push_back({place, value});
  }
  for (Feature& feature : features) feature.value = feature.value * model_->options.scale / std::sqrt(squares);
  return features;
}

}  // namespace temper
