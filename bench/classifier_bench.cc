// Speed of a classifier on one core: answers of 100 words a second, by the processor's clock.
//   classifier_bench FILE ANSWERS.jsonl
// FILE is a classifier (temper classifier train), ANSWERS a file of rows with a column `answer`: its words, in their order, are cut into
// answers of 100 words.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <sstream>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "reward/classifier/classifier.h"
#include "reward/classifier/file.h"
#include "rollout/data/dataset_rows.h"

namespace temper {
namespace {

constexpr size_t kWords = 100;
constexpr size_t kAnswers = 4000;

std::vector<std::string> Answers(const std::string& path) {
  const std::string text = ReadUserFile(path, {"the answers", "", kMaxDataBytes});
  const auto reader = OpenRows(path, text);
  std::vector<std::string> answers(1);
  size_t words = 0;
  for (DatasetRow row; reader->Next(&row);) {
    std::istringstream in(row.columns["answer"]);
    for (std::string word; in >> word;) {
      answers.back() += (words == 0 ? "" : " ") + word;
      if (++words < kWords) continue;
      if (answers.size() == kAnswers) return answers;
      answers.emplace_back();
      words = 0;
    }
  }
  answers.pop_back();
  if (answers.empty()) throw ConfigError(path + ": there are no 100 words in column answer");
  return answers;
}

void Measure(const std::string& path, const std::vector<std::string>& answers) {
  Classifier classifier(LoadClassifier(path));
  double best = 1e30, sum = 0;
  for (int round = 0; round < 5; ++round) {
    const std::clock_t start = std::clock();
    for (const std::string& answer : answers) sum += classifier.Classify("", answer).probabilities[1];
    best = std::min(best, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  }
  const auto count = static_cast<double>(answers.size());
  std::printf("classifier %s: %.0f answers of %zu words a second on one core (%zu answers, mean P %.4f)\n", path.c_str(), count / best,
              kWords, answers.size(), sum / 5 / count);
}

}  // namespace
}  // namespace temper

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "classifier_bench FILE ANSWERS.jsonl\n");
    return 1;
  }
  try {
    temper::Measure(argv[1], temper::Answers(argv[2]));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "classifier_bench: %s\n", error.what());
    return 1;
  }
}
