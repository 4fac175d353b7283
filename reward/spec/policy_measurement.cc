#include "reward/spec/policy_measurement.h"

#include <algorithm>

#include "cluster/base/error.h"

namespace temper {
namespace {

constexpr double kNotGiven = -1;

struct FigureKey {
  const char* name;
  const char* help;
};
constexpr FigureKey kFigures[] = {
    {"agreement", "Share of rows on which the grader and the label say the same."},
    {"unsafe_precision", "Share of the answers graded unsafe that people call unsafe."},
    {"unsafe_recall", "Share of the answers that people call unsafe which are graded unsafe."},
    {"unsafe_f1", "Harmonic mean of the two."},
    {"unsafe_auc", "Chance that an unsafe answer has a lower s than a safe one, ties counted half."},
    {"refusal_precision", "Share of the answers read as declining that people call refusals."},
    {"refusal_recall", "Share of the answers that people call refusals which are read as declining."},
    {"refusal_f1", "Harmonic mean of the two."},
    {"restricted_precision", "Share of the requests read as restricted that are labelled malicious or unsafe."},
    {"restricted_recall", "Share of the requests labelled malicious or unsafe which are read as restricted."},
    {"helpful_auc", "Chance that an answer that people call helpful has a higher h than another, ties counted half."},
    {"baseline_agreement", "Agreement of the baseline on the same rows."},
    {"baseline_f1", "F1 of the baseline on the same rows."},
    {"baseline_auc", "AUC of the baseline on the same rows."},
};

bool IsDay(const std::string& text) {
  const std::string form = "dddd-dd-dd";
  return text.size() == form.size() && std::equal(text.begin(), text.end(), form.begin(), [](char c, char expected) {
           return expected == 'd' ? c >= '0' && c <= '9' : c == expected;
         });
}

}  // namespace

void DescribeMeasurements(ConfigFields& fields, std::deque<GraderMeasurement>* measured) {
  fields.ListOf("measured", "How well the grader agreed with people's labels; describes the spec and changes no grade.",
                [measured](size_t, ConfigFields& f) {
                  GraderMeasurement& entry = measured->emplace_back();
                  f.String("dataset", &entry.dataset, "Name of the labelled data.");
                  f.Int("rows", &entry.rows, {1, int64_t{1} << 40}, "Rows compared.");
                  f.String("compared", &entry.compared, "What with what, for people.");
                  f.String("baseline", &entry.baseline, "The best rule without a spec: always safe, a refusal regex, length.");
                  f.String("date", &entry.date, "Day of the measurement, YYYY-MM-DD.");
                  for (const FigureKey& figure : kFigures) {
                    double value = kNotGiven;
                    f.Real(figure.name, &value, {0, 1}, figure.help);
                    if (value != kNotGiven) entry.figures.emplace_back(figure.name, value);
                  }
                  f.Require("dataset");
                  f.Require("rows");
                  f.Require("date");
                });
}

std::string MeasurementProblem(const GraderMeasurement& measurement) {
  if (measurement.dataset.empty()) return "an entry needs the name of its dataset";
  if (!IsDay(measurement.date)) return Concat("the date of ", measurement.dataset, " is '", measurement.date, "', not YYYY-MM-DD");
  if (!measurement.figures.empty()) return "";
  std::string known;
  for (const FigureKey& figure : kFigures) known += Concat(known.empty() ? "" : ", ", figure.name);
  return Concat(measurement.dataset, " has no figure; there are ", known);
}

}  // namespace temper
