#include <algorithm>
#include <cmath>

#include "cluster/base/error.h"
#include "views/page/escape.h"
#include "views/page/format.h"
#include "views/page/svg.h"
#include "views/report/render.h"

// Sections of the page on the run itself: training curves, throughput.
namespace temper {
namespace {

std::vector<std::string> ArmNames(const Report& report) {
  std::vector<std::string> names;
  for (const ArmReport& arm : report.arms) names.push_back(arm.name);
  return names;
}

// The chart of one metric over the arms that have it; "" when none has.
std::string Curve(const Report& report, const std::string& metric, const std::string& title, bool unit_range) {
  LineChartSpec spec;
  spec.title = title;
  spec.x_label = "RL step";
  spec.unit_range = unit_range;
  for (size_t i = 0; i < report.arms.size(); ++i) {
    const auto series = report.arms[i].curves.find(metric);
    if (series == report.arms[i].curves.end()) continue;
    spec.series.push_back({Prose(report.arms[i].name), ArmClass(i), series->second.steps, series->second.values, {}, {}, true});
  }
  return spec.series.empty() ? "" : "<figure>" + LineChart(spec) + "</figure>";
}

// Loss of the stage the arms share.
std::string SharedCurve(const Report& report) {
  LineChartSpec spec;
  spec.title = "SFT loss (shared by all arms)";
  spec.x_label = "SFT step";
  LineSeries series;
  series.label = "SFT";
  series.style_class = "start";
  for (const MetricRow& row : report.record->shared_metrics) {
    const auto value = row.values.find("actor/loss");
    if (value == row.values.end()) continue;
    series.x.push_back(static_cast<double>(row.step));
    series.y.push_back(value->second);
  }
  if (series.x.empty()) return "";
  spec.series.push_back(std::move(series));
  return "<figure>" + LineChart(spec) + "</figure>";
}

std::string RiseTable(const Report& report) {
  std::vector<std::vector<std::string>> rows;
  for (const ArmReport& arm : report.arms) {
    const RewardRise& rise = arm.reward_rise;
    if (!rise.rise.present) continue;
    rows.push_back({EscapeHtml(Prose(arm.name)), Fixed(rise.first, 3), Fixed(rise.last, 3), SignedWithInterval(rise.rise),
                    std::to_string(rise.window)});
  }
  if (rows.empty()) return "";
  return HtmlTable(
      {"arm", "first steps", "last steps", "rise", "steps in a window"}, rows,
      "Mean reward under each arm's own composer, in the first and the last RL steps. Rewards of different composers are not on one "
      "scale: compare an arm with itself. Intervals of 95 % allow for steps that resemble their neighbours, as "
      "the whole series tells; there is none of a run below four steps.");
}

// Rollout, reward, update, publish, and what is left of a step. Stages that overlap leave nothing.
std::vector<StackPart> StageParts(const Throughput& throughput) {
  std::vector<StackPart> parts;
  double sum = 0;
  int index = 0;
  for (const char* stage : {"rollout", "reward", "update", "publish"}) {
    const auto seconds = throughput.seconds.find(stage);
    const double value = seconds == throughput.seconds.end() ? 0 : seconds->second;
    parts.push_back({stage, "t" + std::to_string(index++), value});
    sum += value;
  }
  const auto step = throughput.seconds.find("step");
  if (step != throughput.seconds.end()) parts.push_back({"other", "t4", std::max(0.0, step->second - sum)});
  return parts;
}

std::string StageLegend() {
  return HtmlSwatches({{"t0", "rollout"}, {"t1", "reward"}, {"t2", "update"}, {"t3", "publish"}, {"t4", "other"}});
}

}  // namespace

std::string HtmlTraining(const Report& report) {
  std::string charts;
  charts += Curve(report, "reward/mean", "Reward, each arm's own composer", true);
  charts += Curve(report, "reward/safety_mean", "Safety score s, mean", true);
  charts += Curve(report, "reward/helpfulness_mean", "Helpfulness h, mean", true);
  charts += Curve(report, "reward/frac_dead_groups", "Share of groups without signal", true);
  charts += SharedCurve(report);
  if (charts.empty()) return "";
  return "<section id=\"training\"><h2>Training</h2>" + HtmlLegend(ArmNames(report), false) + "<div class=\"charts\">" + charts +
         "</div><p class=\"note\">Faint: every step. Bold: exponential mean (weight 0.8 on the past, corrected for its start), ending in "
         "the arm's "
         "mark.</p>" +
         RiseTable(report) + HtmlBehaviour(report) + "</section>\n";
}

std::string HtmlThroughput(const Report& report) {
  std::vector<ThroughputRow> rows;
  for (const ArmReport& arm : report.arms) rows.push_back({"", Prose(arm.name), &arm.throughput});
  return HtmlThroughput(rows);
}

std::string HtmlThroughput(const std::vector<ThroughputRow>& rows) {
  StackedBarsSpec spec;
  spec.title = "Mean seconds of an RL step, by stage";
  spec.unit = " s";
  spec.normalized = false;
  std::vector<std::vector<std::string>> cells;
  for (const auto& [group, label, throughput] : rows) {
    if (throughput->seconds.empty()) continue;
    const auto text = [](const std::map<std::string, double>& values, const std::string& key, int digits) {
      const auto found = values.find(key);
      return found == values.end() ? std::string("-") : digits == 0 ? Thousands(std::llround(found->second)) : Fixed(found->second, digits);
    };
    spec.rows.push_back({group, label, StageParts(*throughput), text(throughput->seconds, "step", 3) + " s"});
    std::vector<std::string> row = {EscapeHtml(group.empty() ? label : group + ", " + label)};
    for (const char* stage : {"rollout", "reward", "update", "publish", "step"}) row.push_back(text(throughput->seconds, stage, 3));
    for (const char* rate : {"rollout_tokens_per_s", "train_tokens_per_s"}) row.push_back(text(throughput->rates, rate, 0));
    row.push_back(text(throughput->rates, "samples_per_s", 1));
    row.push_back(text(throughput->rates, "idle_frac_learner", 2));
    cells.push_back(row);
  }
  if (cells.empty()) return "";
  return "<section id=\"throughput\"><h2>Throughput by stage</h2>" + StageLegend() + "<div class=\"charts\"><figure>" + StackedBars(spec) +
         "</figure></div>" +
         HtmlTable(
             {"arm", "rollout s", "reward s", "update s", "publish s", "step s", "rollout tokens/s", "train tokens/s", "samples/s",
              "learner idle"},
             cells,
             "Means over the RL steps. Publish: new weights to the workers. Stages may overlap, so their sum can exceed the step; other "
             "is what is left of it. Learner idle: share of the step in which the learners had no order.") +
         "</section>\n";
}

}  // namespace temper
