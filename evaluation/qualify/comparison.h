#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "evaluation/bootstrap.h"
#include "evaluation/estimate.h"
#include "evaluation/qualify/question.h"

namespace temper {

// An answer that people and a grader judged.
struct JudgedAnswer {
  std::string group, source, category;
  int64_t words = 0;        // of the answer
  double people = 0;        // as ReadLabel reads it
  double grader = 0;        // as AnswerOf says it
  bool failed = false;      // the grader gave no grade: `grader` means nothing, and no figure but `failed` counts the row
  bool trained_on = false;  // the grader was trained on the row, whatever its source is called
};

// The rows of one source, category or length, and how far grader and people agree on them.
struct AgreementSlice {
  std::string name;
  int64_t rows = 0;
  int64_t groups = 0;
  // Those that are defined, by name, in the order in which people read them. All scales: failed, the share of rows without a grade.
  //   yes or no: auroc, accuracy, precision, recall, f1, kappa, ece (10 bins); baselines: baseline_accuracy (the majority class),
  //     baseline_auroc (the answer's length alone, in whichever direction is better)
  //   number: mae, spearman, pearson, kendall, kappa_quadratic (both rounded to quarters); baseline_mae (the median for all rows)
  //   class: accuracy, f1_macro, f1_<class> of each class that people used, kappa; baseline_accuracy
  std::vector<std::pair<std::string, Estimate>> figures;
  // Rows by what people said (first) and what the grader said: of yes or no {{no/no, no/yes}, {yes/no, yes/yes}}; empty of numbers.
  std::vector<std::vector<int64_t>> confusion;
  // Of a mean over sources: which of them do not count, or not in every figure, and why.
  std::vector<std::string> notes = {};

  const Estimate* Figure(const std::string& name) const;  // null where there is none
};

struct Agreement {
  Question question = Question::kHarmful;
  AgreementSlice all;
  // The mean over sources of each source's figure, so that a large one does not speak for all. One
  // is of the sources that the grader was not trained on, without the rows that it was, the other
  // of the rest. A source of fewer than kLeastRowsOfSlice rows does not count; one that has no such
  // figure (an AUROC of one class) does not count in that figure; `notes` name both. Absent where
  // there are no rows.
  std::optional<AgreementSlice> unseen, seen;
  std::vector<AgreementSlice> by_source, by_category, by_length;  // by_length: quarters of the answers, shortest first
};

struct CompareOptions {
  double threshold = 0.5;  // yes or no: a score of at least so much is a yes
  std::set<std::string> seen_sources = {};
  BootstrapOptions bootstrap = {};
};

// Slices of fewer rows than this have no figures of their own.
inline constexpr int64_t kLeastRowsOfSlice = 10;

Agreement Compare(Question question, const std::vector<JudgedAnswer>& rows, const CompareOptions& options);

// Whether a figure is the better the smaller it is: failed, mae, ece.
bool IsError(const std::string& figure);
// Whether it is of a rule that needs no grader.
bool IsBaseline(const std::string& figure);

}  // namespace temper
