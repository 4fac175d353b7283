#pragma once

#include <string>
#include <vector>

#include "cluster/base/keyed_random.h"
#include "reward/tsetlin/text_training.h"

namespace temper {

// Texts of six of twelve words, which are refused where they have "sorry" without "here".
inline std::vector<LabelledText> ExampleTexts(size_t count, uint64_t seed) {
  const std::vector<std::string> words = {"sorry", "here", "steps", "cannot", "blue", "tea", "one", "two", "three", "four", "five", "six"};
  std::vector<LabelledText> rows;
  for (KeyedStream stream(seed, "example texts"); rows.size() < count;) {
    std::vector<size_t> order(words.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    stream.Shuffle(order);
    order.resize(6);
    std::string text;
    bool sorry = false, here = false;
    for (const size_t word : order) {
      text += words[word] + " ";
      sorry = sorry || word == 0;
      here = here || word == 1;
    }
    rows.push_back({text, sorry && !here ? "refused" : "complied"});
  }
  return rows;
}

inline TsetlinTraining ExampleTraining() {
  TsetlinTraining training;
  training.machine = {.clauses = 10, .threshold = 10, .specificity = 4, .max_literals = 3};
  training.terms.max_words = 1;
  training.epochs = 20;
  return training;
}

inline TsetlinSource ExampleSource() { return {.data_hash = "0123", .text_column = "response", .label_column = "tone"}; }

}  // namespace temper
