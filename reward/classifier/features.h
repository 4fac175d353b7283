#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "reward/classifier/labelled_rows.h"
#include "reward/classifier/options.h"
#include "reward/text/sparse_rows.h"

namespace temper {

// What of a row does not depend on which rows are trained on, computed once for all splits: the counts of its n-grams, its numbers. Rows
// and their copies under tricks are texts; text i < rows is row i.
class TextFeatures {
 public:
  TextFeatures(const std::vector<LabelledRow>& rows, const ClassifierOptions& options);

  size_t size() const { return row_of_.size(); }
  uint32_t row_of(size_t text) const { return row_of_[text]; }
  // The spaces and numbers of a model whose vocabulary and standards come from these texts, without weights.
  ClassifierModel Prepare(std::span<const uint32_t> texts, std::span<const double> weights) const;
  // The matrix of those texts as the model sees them: spaces in their order, then the numbers, if those are asked for.
  SparseRows Matrix(const ClassifierModel& model, std::span<const uint32_t> texts, bool with_numbers) const;

 private:
  void AddTexts(const std::vector<LabelledRow>& rows);

  const ClassifierOptions options_;
  std::vector<uint32_t> row_of_, source_of_;  // by text
  std::vector<CountedTexts> counts_;          // by space
  size_t num_numbers_ = 0;
  std::vector<double> numbers_;  // [text * num_numbers_ + number], not standardised
};

// Moves the weights that belong to the columns of Matrix into the model.
void SetWeights(const LinearModel& linear, ClassifierModel* model);

}  // namespace temper
