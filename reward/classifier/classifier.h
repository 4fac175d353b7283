#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reward/classifier/asked_space.h"
#include "reward/classifier/model.h"
#include "reward/text/dense.h"

namespace temper {

struct Classification {
  std::vector<double> outputs;        // z, before offsets and calibration
  std::vector<double> probabilities;  // of the classes
  size_t Best() const;                // of equal ones the first
};

// What a feature added to an output.
struct Contribution {
  std::string feature;        // answer words "step by step"
  double value = 0;           // of the feature
  std::vector<double> added;  // to each output
};

// What the number of StandardModel is called.
std::string StandardName(const ClassifierModel& model, size_t index);

// Classifies texts. Not thread-safe: it keeps memory from text to text.
class Classifier {
 public:
  explicit Classifier(std::shared_ptr<const ClassifierModel> model);
  ~Classifier();
  Classifier(Classifier&&) noexcept;

  const ClassifierModel& model() const { return *model_; }
  Classification Classify(std::string_view prompt, std::string_view answer);
  // The expected level of an ordinal classifier, P(second class) of a binary one. Not of a multinomial one.
  double Value(const Classification& of) const;
  // Every feature that the texts have, in no order. N-grams that share a slot are one feature with several names.
  std::vector<Contribution> Explain(std::string_view prompt, std::string_view answer);

 private:
  struct Texts;
  Texts TextsOf(std::string_view prompt, std::string_view answer);
  void ExplainSpace(AskedSpace* space, const Texts& texts, std::vector<Contribution>* contributions);
  std::vector<double> StandardValues(const Texts& texts);

  std::shared_ptr<const ClassifierModel> model_;
  std::vector<AskedSpace> spaces_;
  std::vector<Classifier> members_;
  std::vector<double> levels_;
  bool reads_both_ = false;
  std::string last_prompt_, last_normal_prompt_;  // answers to one prompt come one after the other
};

// Appends the outputs of the members, member by member, then the products.
void AppendMembers(std::span<Classifier> members, std::span<const MemberProduct> products, std::string_view prompt, std::string_view answer,
                   std::vector<double>* numbers);

}  // namespace temper
