// Linear models: gradients against finite differences, weights that scikit-learn finds (tests/golden/classifier_golden.json), calibrations.
#include <cmath>
#include <fstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "cluster/base/keyed_random.h"
#include "reward/linear/calibration.h"
#include "reward/linear/linear_model.h"

namespace temper {
namespace {

SparseRows RowsOf(const std::vector<std::vector<double>>& values) {
  SparseRows rows{values.at(0).size(), {}};
  for (const auto& row : values) {
    for (size_t i = 0; i < row.size(); ++i)
      if (row[i] != 0) rows.entries.push_back({static_cast<uint32_t>(i), static_cast<float>(row[i])});
    rows.EndRow();
  }
  return rows;
}

nlohmann::json Golden() {
  std::ifstream file(TEMPER_SOURCE_DIR "/tests/golden/classifier_golden.json");
  return nlohmann::json::parse(file);
}

TEST(LinearObjective, HasTheGradientOfItsValueForEveryKind) {
  const SparseRows rows = RowsOf({{1, 0, 2}, {0, -1, 0.5}, {3, 1, 0}, {-1, 0, 1}, {0.5, 2, -1}});
  for (const auto& [kind, classes] :
       {std::pair{LinearKind::kBinary, size_t{2}}, {LinearKind::kMultinomial, size_t{4}}, {LinearKind::kOrdinal, size_t{4}}}) {
    std::vector<LinearTarget> targets;
    for (uint32_t i = 0; i < 5; ++i) targets.push_back({i, i % static_cast<uint32_t>(classes), 0.5 + i});
    targets.push_back({2, 0, 0.25});  // a second label of row 2
    LinearObjective objective(kind, classes, rows, targets, 1.3);
    std::vector<double> x(objective.size()), gradient(x.size()), unused(x.size());
    KeyedStream stream(3, "gradient");
    for (double& each : x) each = 0.5 * stream.Normal();
    objective.Evaluate(x, gradient);
    for (size_t i = 0; i < x.size(); ++i) {
      constexpr double kStep = 1e-5;
      std::vector<double> up = x, down = x;
      up[i] += kStep;
      down[i] -= kStep;
      const double slope = (objective.Evaluate(up, unused) - objective.Evaluate(down, unused)) / (2 * kStep);
      EXPECT_NEAR(gradient[i], slope, 1e-6 * (1 + std::abs(slope))) << NameOf(kind) << " " << i;  // the error of central differences
    }
  }
}

TEST(LinearObjective, OfNoWeightsIsTheEntropyOfTheClasses) {
  // Two rows of class 1, one of class 0, intercept ln 2: 2 ln(3/2) + ln 3.
  const SparseRows rows = RowsOf({{1}, {2}, {3}});
  const std::vector<LinearTarget> targets = {{0, 1}, {1, 1}, {2, 0}};
  LinearObjective objective(LinearKind::kBinary, 2, rows, targets, 1);
  std::vector<double> gradient(2);
  EXPECT_NEAR(objective.Evaluate(std::vector<double>{0, std::log(2.0)}, gradient), 2 * std::log(1.5) + std::log(3), 1e-12);
}

TEST(FitLinear, FindsTheWeightsOfScikitLearn) {
  const auto golden = Golden();
  const SparseRows rows = RowsOf(golden["dense"]);
  const std::vector<double> weights = golden["weights"];
  const LinearOptions options{golden["c"], {1000, 10, 1e-9}};
  for (const auto& [key, kind, classes] :
       {std::tuple{"binary", LinearKind::kBinary, size_t{2}}, {"multinomial", LinearKind::kMultinomial, size_t{3}}}) {
    const std::vector<uint32_t> labels = golden[key]["labels"];
    std::vector<LinearTarget> targets;
    for (uint32_t i = 0; i < labels.size(); ++i) targets.push_back({i, labels[i], weights[i]});
    const LinearModel model = FitLinear(kind, classes, rows, targets, options);
    const size_t outputs = NumOutputs(kind, classes);
    for (size_t column = 0; column < rows.width; ++column)
      for (size_t k = 0; k < outputs; ++k) {
        const auto& expected = golden[key]["weights"];
        const double value = outputs == 1 ? expected[column].get<double>() : expected[k][column].get<double>();
        EXPECT_NEAR(model.weights[column * outputs + k], value, 1e-5) << key << column << "," << k;  // values are single precision
      }
    // Intercepts of a multinomial model are known but for a constant.
    const std::vector<double> intercepts = golden[key]["intercept"];
    for (size_t k = 1; k < outputs; ++k) EXPECT_NEAR(model.offsets[k] - model.offsets[0], intercepts[k] - intercepts[0], 1e-5);
    if (outputs > 1) continue;
    EXPECT_NEAR(model.offsets[0], intercepts[0], 1e-5);
  }
}

TEST(FitLinear, SetsOrdinalThresholdsWhereTheSharesAre) {
  // No column tells anything: P(y <= k) are the shares, 1/6, 3/6, 1.
  const SparseRows rows = RowsOf({{0}, {0}, {0}, {0}, {0}, {0}});
  const std::vector<LinearTarget> targets = {{0, 0}, {1, 1}, {2, 1}, {3, 2}, {4, 2}, {5, 2}};
  const LinearModel model = FitLinear(LinearKind::kOrdinal, 3, rows, targets, {1, {500, 10, 1e-9}});
  ASSERT_EQ(model.offsets.size(), 2U);
  EXPECT_NEAR(model.offsets[0], std::log(1.0 / 5), 1e-6);
  EXPECT_NEAR(model.offsets[1], 0, 1e-6);
  const auto p = Probabilities(LinearKind::kOrdinal, std::vector<double>{0}, model.offsets);
  EXPECT_NEAR(p[1], 2.0 / 6, 1e-6);
  EXPECT_NEAR(p[0] + p[1] + p[2], 1, 1e-12);
}

TEST(Calibration, PlattUndoesAScoreThatIsTooSure) {
  // Scores of +-4 that are right three times of four: with Platt's targets 31/32... the best slope is near ln(3) / 4.
  std::vector<ScoredRow> rows;
  for (int i = 0; i < 400; ++i) rows.push_back({{i % 2 == 0 ? 4.0 : -4.0}, static_cast<uint32_t>((i % 2 == 0) == (i % 8 < 6)), 1});
  const Calibration calibration = FitCalibration(CalibrationKind::kPlatt, LinearKind::kBinary, 2, rows);
  const auto p = Calibrated(calibration, LinearKind::kBinary, std::vector<double>{4}, std::vector<double>{0});
  EXPECT_NEAR(p[1], 0.75, 0.01);
  EXPECT_NEAR(calibration.slope, std::log(3.0) / 4, 0.01);
}

TEST(Calibration, TemperatureIsTheOneThatMakesThreeClassesHold) {
  // The class that is said is right in half of the rows, each other one in a quarter: a (z - 0) = ln 2 with z = 3.
  std::vector<ScoredRow> rows;
  for (uint32_t i = 0; i < 400; ++i) rows.push_back({{3, 0, 0}, i % 4 < 2 ? 0 : i % 4 - 1, 1, {0, 0, 0}});
  const std::vector<double> offsets = {0, 0, 0};
  const Calibration calibration = FitCalibration(CalibrationKind::kPlatt, LinearKind::kMultinomial, 3, rows);
  EXPECT_NEAR(calibration.slope, std::log(2.0) / 3, 1e-5);
  EXPECT_NEAR(Calibrated(calibration, LinearKind::kMultinomial, std::vector<double>{3, 0, 0}, offsets)[0], 0.5, 1e-5);
}

TEST(Calibration, TemperatureTakesTheOffsetsOfEachRowsOwnModel) {
  // Two models that say the same z + b = (3, 0, 0), one by its outputs and the other by its offsets: the slope is that of the test above.
  std::vector<ScoredRow> rows;
  for (uint32_t i = 0; i < 400; ++i) {
    const uint32_t label = i % 4 < 2 ? 0 : i % 4 - 1;
    rows.push_back(i % 8 < 4 ? ScoredRow{{3, 0, 0}, label, 1, {0, 0, 0}} : ScoredRow{{0, 0, 0}, label, 1, {3, 0, 0}});
  }
  EXPECT_NEAR(FitCalibration(CalibrationKind::kPlatt, LinearKind::kMultinomial, 3, rows).slope, std::log(2.0) / 3, 1e-5);
}

TEST(Calibration, PlattOfAScoreThatSpeaksAgainstTheLabelsSaysHowOftenTheyAreYes) {
  // Three of four rows are yes, and the higher the score, the rarer: whatever the score, close to 3/4 is the best that a rising line can
  // say. The offset of the falling line would be far from that, since its scores are far from 0.
  std::vector<ScoredRow> rows;
  for (uint32_t i = 0; i < 400; ++i) rows.push_back({{i % 4 == 0 ? 12.0 : 8.0}, i % 4 == 0 ? 0U : 1U, 1});
  const Calibration calibration = FitCalibration(CalibrationKind::kPlatt, LinearKind::kBinary, 2, rows);
  EXPECT_EQ(calibration.slope, 1e-3);
  const auto p = Calibrated(calibration, LinearKind::kBinary, std::vector<double>{9}, std::vector<double>{0});
  EXPECT_NEAR(p[1], 0.75, 0.005) << "Platt's targets are 301/302 and 1/102";
  for (uint32_t i = 0; i < 400; ++i) rows[i].label = i % 4 == 0 ? 0 : i % 4 == 1 ? 1 : 2;
  const Calibration ordinal = FitCalibration(CalibrationKind::kPlatt, LinearKind::kOrdinal, 3, rows);
  EXPECT_EQ(ordinal.slope, 1e-3);
  const auto levels = Calibrated(ordinal, LinearKind::kOrdinal, std::vector<double>{9}, std::vector<double>{0, 0});
  EXPECT_NEAR(levels[0], 0.25, 0.005);
  EXPECT_NEAR(levels[2], 0.5, 0.005);
}

TEST(Calibration, IsotonicIsThatOfScikitLearn) {
  const auto golden = Golden()["isotonic"];
  const std::vector<double> scores = golden["scores"], at = golden["at"], expected = golden["probabilities"];
  const std::vector<uint32_t> labels = golden["labels"];
  std::vector<ScoredRow> rows;
  for (size_t i = 0; i < scores.size(); ++i) rows.push_back({{scores[i]}, labels[i], 1});
  const Calibration calibration = FitCalibration(CalibrationKind::kIsotonic, LinearKind::kBinary, 2, rows);
  for (size_t i = 0; i < at.size(); ++i)
    EXPECT_NEAR(Calibrated(calibration, LinearKind::kBinary, std::vector<double>{at[i]}, std::vector<double>{0})[1], expected[i], 1e-9)
        << at[i];
}

TEST(Calibration, OfRowsOfOneClassIsNone) {
  EXPECT_EQ(FitCalibration(CalibrationKind::kPlatt, LinearKind::kBinary, 2, std::vector<ScoredRow>{{{1}, 1, 1}}).kind,
            CalibrationKind::kNone);
}

}  // namespace
}  // namespace temper
