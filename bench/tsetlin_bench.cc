// Answers that a Tsetlin machine classifies a second on one core, text to verdict: answers of 100 words whose words follow Zipf's law over
// 20,000 spellings, a machine of 200 clauses of at most 8 literals over 2,000 terms of one or two words, trained on 1,000 such answers.
//   tsetlin_bench [answers, default 20000] [file for the answers, one a line: bench/peers/tsetlin_peer.py --speed reads it]
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

#include "cluster/base/keyed_random.h"
#include "reward/tsetlin/classifier.h"
#include "reward/tsetlin/text_training.h"

namespace temper {
namespace {

constexpr uint64_t kNumWords = 20000, kWordsOfAnswer = 100;

std::string Word(uint64_t rank) {
  constexpr const char* kSyllables[] = {"ka", "re", "the", "in", "sto", "ma", "le", "ing", "ti", "on", "er", "pro", "ne", "sh", "ou", "al"};
  std::string word;
  for (KeyedStream stream(1, "word", rank); word.empty() || stream.Below(3) != 0;) word += kSyllables[stream.Below(16)];
  return word;
}

// An answer of one of two classes, which differ in how far their words are shifted along the ranks.
LabelledText Answer(const std::vector<std::string>& words, uint64_t index) {
  KeyedStream stream(2, "answer", index);
  LabelledText answer{"", index % 2 == 0 ? "even" : "odd"};
  for (uint64_t i = 0; i < kWordsOfAnswer; ++i) {
    const auto rank = static_cast<uint64_t>(std::exp(stream.Uniform() * std::log(static_cast<double>(kNumWords)))) - 1;
    answer.text += words[(rank + index % 2 * 3) % kNumWords] + (stream.Below(12) == 0 ? ". " : " ");
  }
  return answer;
}

void Run(size_t count, const char* file) {
  std::vector<std::string> words;
  for (uint64_t rank = 0; rank < kNumWords; ++rank) words.push_back(Word(rank));
  std::vector<LabelledText> rows;
  for (uint64_t i = 0; i < 1000; ++i) rows.push_back(Answer(words, i));
  TsetlinTraining training;
  training.machine.max_literals = 8;
  training.choice.count = 2000;
  training.epochs = 5;
  const std::clock_t begin = std::clock();
  const TsetlinModel model = TrainTsetlinModel(rows, {}, training, nullptr, nullptr);
  const double trained = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC / static_cast<double>(training.epochs);
  std::vector<std::string> answers;
  for (uint64_t i = 0; i < count; ++i) answers.push_back(Answer(words, 1000 + i).text);
  if (file != nullptr) {
    std::ofstream out(file);
    for (const std::string& answer : answers) out << answer << "\n";
  }
  const TsetlinTextClassifier classifier(model);
  double best = 1e30;
  size_t odd = 0;
  for (int round = 0; round < 3; ++round) {
    const std::clock_t start = std::clock();
    odd = 0;
    for (const std::string& answer : answers) odd += classifier.Classify(answer).label;
    best = std::min(best, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  }
  std::printf(
      "tsetlin  %zu answers of %d words, %zu clauses over %zu terms  %8.0f answers/s  (%.1f %% odd; an epoch of 1000 rows %.2f s)\n",
      answers.size(), static_cast<int>(kWordsOfAnswer), model.machine.num_clauses(), model.binariser.terms().size(),
      static_cast<double>(count) / best, 100.0 * static_cast<double>(odd) / static_cast<double>(count), trained);
}

}  // namespace
}  // namespace temper

int main(int argc, char** argv) { temper::Run(argc > 1 ? static_cast<size_t>(std::atoll(argv[1])) : 20000, argc > 2 ? argv[2] : nullptr); }
