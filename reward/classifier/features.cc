#include "reward/classifier/features.h"

#include <cmath>
#include <map>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "reward/classifier/classifier.h"
#include "reward/text/dense.h"

namespace temper {
namespace {

// The prompt and the answer of every text.
struct Pairs {
  std::vector<std::string_view> prompts;
  std::vector<std::string> answers;
};

Pairs PairsOf(const std::vector<LabelledRow>& rows, const ClassifierOptions& options, std::vector<uint32_t>* row_of) {
  Pairs pairs;
  const auto add = [&](size_t row, std::string answer) {
    pairs.prompts.push_back(rows[row].prompt);
    pairs.answers.push_back(std::move(answer));
    row_of->push_back(static_cast<uint32_t>(row));
  };
  for (size_t row = 0; row < rows.size(); ++row) add(row, rows[row].answer);
  if (options.tricks.empty()) return pairs;
  for (size_t row = 0; row < rows.size(); ++row) {
    if (!options.trick_label.empty() && rows[row].label != options.trick_label) continue;
    KeyedStream stream(1, "tricks", row);
    const uint64_t first = stream.Below(options.tricks.size());
    for (int64_t copy = 0; copy < options.copies; ++copy) {
      const Trick trick = options.tricks[(first + static_cast<uint64_t>(copy)) % options.tricks.size()];
      add(row, ApplyTrick(trick, rows[row].answer, TrickWords::kToTrain, stream.Next()));
    }
  }
  return pairs;
}

}  // namespace

TextFeatures::TextFeatures(const std::vector<LabelledRow>& rows, const ClassifierOptions& options)
    : options_(options), counts_(options.spaces.size()) {
  AddTexts(rows);
  std::map<std::string, uint32_t> sources;
  for (const uint32_t row : row_of_)
    source_of_.push_back(sources.emplace(rows[row].source, static_cast<uint32_t>(sources.size())).first->second);
}

void TextFeatures::AddTexts(const std::vector<LabelledRow>& rows) {
  const Pairs pairs = PairsOf(rows, options_, &row_of_);
  std::vector<NgramCounter> counters;
  for (const SpaceOptions& space : options_.spaces) counters.emplace_back(space.ngrams);
  std::vector<Classifier> members;
  for (const MemberModel& member : options_.members) members.emplace_back(member.model);
  for (size_t text = 0; text < row_of_.size(); ++text) {
    const std::string_view prompt = pairs.prompts[text], answer = pairs.answers[text];
    const std::string normal_prompt = NormalizeText(prompt, options_.normalization),
                      normal_answer = NormalizeText(answer, options_.normalization);
    for (size_t space = 0; space < counters.size(); ++space) {
      const TextOf of = options_.spaces[space].of;
      counters[space].Add(of == TextOf::kAnswer   ? normal_answer
                          : of == TextOf::kPrompt ? normal_prompt
                                                  : normal_prompt + normal_answer.substr(1),
                          &counts_[space]);
    }
    std::vector<double> numbers;
    if (!options_.dense.empty()) {
      const std::vector<double> all = DenseValues({prompt, answer, normal_prompt, normal_answer});
      for (const uint32_t feature : options_.dense) numbers.push_back(all[feature]);
    }
    AppendMembers(members, options_.products, prompt, answer, &numbers);
    num_numbers_ = numbers.size();
    numbers_.insert(numbers_.end(), numbers.begin(), numbers.end());
  }
}

ClassifierModel TextFeatures::Prepare(std::span<const uint32_t> texts, std::span<const double> weights) const {
  ClassifierModel model;
  model.kind = options_.kind;
  model.classes = options_.classes;
  model.normalization = options_.normalization;
  model.members = options_.members;
  model.products = options_.products;
  for (size_t space = 0; space < counts_.size(); ++space) {
    const SpaceOptions& of = options_.spaces[space];
    model.spaces.push_back({of, FitVocabulary(counts_[space], texts, source_of_, of.ngrams.slot_bits, options_.vocabulary), {}});
  }
  model.dense = options_.dense;
  double all = 0;
  for (const double weight : weights) all += weight;
  for (size_t number = 0; number < num_numbers_; ++number) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < texts.size(); ++i) {
      const double value = numbers_[texts[i] * num_numbers_ + number];
      sum += weights[i] * value;
      squares += weights[i] * value * value;
    }
    const double mean = sum / all, variance = squares / all - mean * mean;
    model.standard.means.push_back(mean);
    model.standard.scales.push_back(variance > 1e-12 ? options_.dense_scale / std::sqrt(variance) : 0);
  }
  return model;
}

namespace {

// The n-grams of one text as entries of the space whose first column is `first`.
void AppendSpace(const SpaceModel& space, const SlotIndex& index, std::span<const SlotCount> counts, size_t first, SparseRows* rows) {
  const size_t begin = rows->entries.size();
  double squares = 0;
  for (const SlotCount& each : counts) {
    const int32_t place = index.Find(each.slot);
    if (place < 0) continue;
    const float value = SublinearCount(each.count) * space.vocabulary.idf[static_cast<size_t>(place)];
    squares += static_cast<double>(value) * value;
    rows->entries.push_back({static_cast<uint32_t>(first + static_cast<size_t>(place)), value});
  }
  if (squares == 0) return;
  const auto scale = static_cast<float>(space.options.scale / std::sqrt(squares));
  for (size_t i = begin; i < rows->entries.size(); ++i) rows->entries[i].value *= scale;
}

}  // namespace

SparseRows TextFeatures::Matrix(const ClassifierModel& model, std::span<const uint32_t> texts, bool with_numbers) const {
  std::vector<SlotIndex> indices;
  const size_t numbers = with_numbers ? num_numbers_ : 0;
  SparseRows rows;
  for (const SpaceModel& space : model.spaces) indices.emplace_back(space.vocabulary.slots, space.options.ngrams.slot_bits);
  for (const uint32_t text : texts) {
    size_t first = 0;
    for (size_t space = 0; space < model.spaces.size(); ++space) {
      AppendSpace(model.spaces[space], indices[space], counts_[space].text(text), first, &rows);
      first += model.spaces[space].vocabulary.slots.size();
    }
    for (size_t number = 0; number < numbers; ++number) {
      const double value = (numbers_[text * num_numbers_ + number] - model.standard.means[number]) * model.standard.scales[number];
      if (value != 0) rows.entries.push_back({static_cast<uint32_t>(first + number), static_cast<float>(value)});
    }
    rows.EndRow();
    rows.width = first + numbers;
  }
  return rows;
}

void SetWeights(const LinearModel& linear, ClassifierModel* model) {
  size_t at = 0;
  const size_t outputs = model->outputs();
  for (SpaceModel& space : model->spaces) {
    const size_t size = space.vocabulary.slots.size() * outputs;
    space.weights.assign(linear.weights.begin() + static_cast<std::ptrdiff_t>(at),
                         linear.weights.begin() + static_cast<std::ptrdiff_t>(at + size));
    at += size;
  }
  model->standard.weights.assign(linear.weights.begin() + static_cast<std::ptrdiff_t>(at), linear.weights.end());
  TEMPER_CHECK(model->standard.weights.size() == model->standard.size() * outputs, "weights of ", linear.weights.size(), " columns");
  model->offsets = linear.offsets;
}

}  // namespace temper
