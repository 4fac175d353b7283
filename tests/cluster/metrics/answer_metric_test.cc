#include "cluster/metrics/answer_metric.h"

#include <gmock/gmock.h>

#include "cluster/metrics/metric_table.h"

namespace temper {
namespace {

const AnswerMetric& Find(std::string_view name) {
  for (const AnswerMetric* metric : AnswerMetrics()) {
    if (metric->spec.name == name) return *metric;
  }
  throw std::out_of_range(std::string(name));
}

std::optional<double> Repeated(std::string_view response) { return Find("answer/repeated_fraction").of({.response = response}); }

TEST(AnswerMetric, EveryOneIsDeclaredInTheTableUnderItsGroup) {
  for (const AnswerMetric* metric : AnswerMetrics()) {
    EXPECT_EQ(FindMetric(metric->spec.name).spec->meaning, metric->spec.meaning);
    EXPECT_TRUE(metric->spec.name.starts_with("answer/")) << metric->spec.name;
  }
}

TEST(AnswerMetric, RepeatedFractionCountsSequencesOfFourWords) {
  EXPECT_DOUBLE_EQ(*Repeated("a b c d a b c d"), 1.0 / 5) << "abcd bcda cdab dabc abcd";
  EXPECT_DOUBLE_EQ(*Repeated("no no no no no no"), 2.0 / 3) << "three times the same";
  EXPECT_DOUBLE_EQ(*Repeated(" one\ttwo \n three four five "), 0);
}

TEST(AnswerMetric, RepeatedFractionSaysNothingOfAShortAnswer) {
  EXPECT_EQ(Repeated(""), std::nullopt);
  EXPECT_EQ(Repeated("no no no no"), std::nullopt) << "one sequence cannot repeat";
}

TEST(AnswerMetric, PromptOverlapIsTheShareOfTheAnswersWordsThatThePromptHolds) {
  const AnswerMetric& overlap = Find("answer/prompt_overlap");
  EXPECT_EQ(overlap.of({.prompt = "How do I store a jar?", .response = "Store the JAR , in a cellar ."}), 3.0 / 6) << "store, jar and a";
  EXPECT_EQ(overlap.of({.prompt = "anything", .response = "..."}), std::nullopt);
}

}  // namespace
}  // namespace temper
