#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>

#include "cluster/base/error.h"
#include "cluster/metrics/metric_table.h"
#include "evaluation/best_step.h"
#include "views/page/escape.h"
#include "views/page/format.h"
#include "views/page/svg.h"
#include "views/report/columns.h"
#include "views/report/healthy.h"
#include "views/report/render.h"

// How training behaved: what the graders said, the policy, how far off-policy it learned, answers, speed, as small charts over the same
// steps.
namespace temper {
namespace {

struct Chart {
  std::string metric;
  std::string title;
};
struct Group {
  const char* title;
  std::vector<Chart> charts;
};

const std::vector<Group>& Groups() {
  static const std::vector<Group> kGroups = {
      {"Policy and update",
       {{"actor/kl", "KL to the reference"},
        {"actor/ppo_kl", "KL of the update (ppo_kl)"},
        {"actor/clip_frac", "Clip fraction"},
        {"actor/entropy", "Entropy"},
        {"actor/grad_norm", "Gradient norm"},
        {"advantage/positive_fraction", "Completions with positive advantage"}}},
      {"Off-policy and mismatch",
       {{"off_policy/staleness_mean", "Staleness of tokens, mean"},
        {"off_policy/staleness_max", "Staleness of tokens, largest"},
        {"mismatch/logp_abs_mean", "Sampler against learner, |log p|"},
        {"mismatch/kl_k3", "KL of sampler and learner (k3)"},
        {"mismatch/is_ratio_max", "Largest importance weight"},
        {"mismatch/ess", "Effective sample size"}}},
      {"Answers",
       {{"response/length_mean", "Length, mean"},
        {"response/length_max", "Length, longest"},
        {"response/truncated_fraction", "Cut at the token limit"},
        {"safety/refused_rate", "Refused"},
        {"safety/over_refusal_rate", "Refused though permitted"},
        {"grader/failed_fraction", "Grades that failed"},
        {"gold/accuracy", "Gold probes judged as people do"},
        {"gold/drift", "Drift of the graders (1 = alarm)"}}},
      {"Speed",
       {{"perf/tokens_per_s", "Tokens/s of the step"},
        {"perf/rollout_tokens_per_s", "Tokens/s while sampling"},
        {"perf/train_tokens_per_s", "Tokens/s in the update"},
        {"perf/idle_frac_learner", "Learner idle"},
        {"grader/latency_s_p50", "Time of a grade, median"},
        {"queue/groups_replaced", "Groups sampled again"}}},
  };
  return kGroups;
}

using Range = std::pair<double, double>;

Range StepRange(const Report& report) {
  Range range = {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
  for (const ArmReport& arm : report.arms) {
    for (const auto& [metric, series] : arm.curves) {
      range.first = std::min(range.first, series.steps.front());
      range.second = std::max(range.second, series.steps.back());
    }
  }
  return range;
}

// Whether a chart would show nothing but a line at 0.
bool AlwaysZero(const std::vector<LineSeries>& all) {
  return std::all_of(all.begin(), all.end(), [](const LineSeries& series) {
    return std::all_of(series.y.begin(), series.y.end(), [](double y) { return y == 0; });
  });
}

std::string WithoutTicks(std::string_view words) {
  std::string text(words);
  std::erase(text, '`');
  return text;
}

// "" where no arm has the metric, or all its values are 0: its title is then added to `zero`.
std::string Figure(const Report& report, const Chart& chart, const Range& steps, std::vector<std::string>* zero) {
  const MetricSpec& metric = RequireMetric(chart.metric);
  LineChartSpec spec;
  spec.title = chart.title;
  spec.x_label = "RL step";
  spec.unit_range = metric.unit == "share";
  spec.x_range = steps;
  spec.healthy = HealthyRange(metric.healthy, report.record->arms[0].settings);
  for (size_t i = 0; i < report.arms.size(); ++i) {
    const auto series = report.arms[i].curves.find(chart.metric);
    if (series == report.arms[i].curves.end()) continue;
    LineSeries line;
    line.label = Prose(report.arms[i].name);
    line.style_class = ArmClass(i);
    line.x = series->second.steps;
    line.y = series->second.values;
    spec.series.push_back(std::move(line));
  }
  if (spec.series.empty()) return "";
  if (AlwaysZero(spec.series)) {
    zero->push_back(chart.title);
    return "";
  }
  std::string caption = EscapeHtml(metric.unit);
  if (!metric.healthy.empty()) caption += "; healthy: " + EscapeHtml(WithoutTicks(metric.healthy));
  return "<figure>" + LineChart(spec) + "<figcaption><code>" + chart.metric + "</code>, " + caption + "</figcaption></figure>";
}

// Shares over the steps of one arm: a layer for each (metric, label), and one for what is left.
std::string MixFigure(const Report& report, size_t arm, const std::string& title, const std::vector<ColumnLayer>& named,
                      const std::vector<std::string>& metrics, const char* rest_label, const char* rest_class) {
  ColumnsSpec spec{Prose(report.arms[arm].name) + ": " + title, "RL step", "", {}, named, true};
  spec.layers.push_back({rest_label, rest_class, {}});
  for (const MetricRow& row : report.record->arms[arm].metrics) {
    if (row.stage != "rl" || !row.values.contains("safety/safe_rate")) continue;
    spec.x.push_back(static_cast<double>(row.step));
    double rest = 1;
    for (size_t i = 0; i < metrics.size(); ++i) {
      const auto value = row.values.find(metrics[i]);
      const double share = value == row.values.end() ? 0 : std::clamp(value->second, 0.0, rest);  // absent: nobody
      spec.layers[i].values.push_back(share);
      rest -= share;
    }
    spec.layers.back().values.push_back(rest < 1e-9 ? 0 : rest);
  }
  return spec.x.empty() ? "" : "<figure>" + StackedColumns(spec) + "</figure>";
}

// Severity and mode of the completions of each step.
std::string Mixes(const Report& report) {
  std::string severities, modes;
  for (size_t arm = 0; arm < report.arms.size(); ++arm) {
    severities += MixFigure(report, arm, "severity", {{"high", "v4", {}}, {"moderate", "v3", {}}, {"safe", "m0", {}}},
                            {"safety/high_rate", "safety/moderate_rate", "safety/safe_rate"}, "low or negligible", "v1");
    std::vector<ColumnLayer> layers;
    std::vector<std::string> metrics;
    for (int mode = 0; mode + 1 < kNumModes; ++mode) {
      const std::string name(NameOf(static_cast<ResponseMode>(mode)));
      layers.push_back({Prose(name), "m" + std::to_string(mode), {}});
      metrics.push_back("safety/mode_" + name);
    }
    modes += MixFigure(report, arm, "modes", layers, metrics, "off topic", "m4");
  }
  if (severities.empty()) return "";
  std::vector<std::pair<std::string, std::string>> names;
  for (int mode = 0; mode < kNumModes; ++mode)
    names.emplace_back("m" + std::to_string(mode), Prose(NameOf(static_cast<ResponseMode>(mode))));
  return "<h3>What the graders said of each step</h3>" +
         HtmlSwatches({{"v4", "high"}, {"v3", "moderate"}, {"v1", "low or negligible"}, {"m0", "safe"}}) + "<div class=\"charts\">" +
         severities + "</div>" + HtmlSwatches(names) + "<div class=\"charts\">" + modes + "</div>";
}

// Metrics of which a run has as many as it has graders or sets: all that begin so, but the bounds of intervals.
std::string FiguresOf(const Report& report, const std::string& prefix, const std::string& title, const Range& steps,
                      std::vector<std::string>* zero) {
  std::set<std::string> names;
  for (const ArmReport& arm : report.arms) {
    for (const auto& [metric, series] : arm.curves)
      if (metric.starts_with(prefix) && !metric.ends_with("_low") && !metric.ends_with("_high")) names.insert(metric);
  }
  std::string charts;
  for (const std::string& name : names) charts += Figure(report, {name, Prose(name.substr(prefix.size()))}, steps, zero);
  return charts.empty() ? "" : Concat("<h3>", title, "</h3><div class=\"charts\">", charts, "</div>");
}

}  // namespace

std::string HtmlBehaviour(const Report& report) {
  const Range steps = StepRange(report);
  if (!(steps.first <= steps.second)) return "";
  std::string out = Mixes(report);
  std::vector<std::string> zero;
  for (const Group& group : Groups()) {
    std::string charts;
    for (const Chart& chart : group.charts) charts += Figure(report, chart, steps, &zero);
    if (!charts.empty()) out += Concat("<h3>", group.title, "</h3><div class=\"charts\">", charts, "</div>");
  }
  out += FiguresOf(report, "during/", "Evaluation while it trains", steps, &zero);
  for (const ArmRecord& arm : report.record->arms)
    if (arm.best) out += "<p>" + EscapeHtml(Concat(Prose(arm.name), ": ", BestStepText(*arm.best), ".")) + "</p>";
  out += FiguresOf(report, "graders/unsafe_", "Share that each grader calls unsafe", steps, &zero);
  out += FiguresOf(report, "graders/kappa_", "Agreement of graders (kappa)", steps, &zero);
  out += FiguresOf(report, "graders/length_correlation_", "Correlation of s with length", steps, &zero);
  out += FiguresOf(report, "graders/correlation_", "Correlation of s with figures of the answer", steps, &zero);
  out += "<p class=\"note\">Shaded: the range that is usual, where the table of metrics (docs/METRICS.md) names one.";
  for (size_t i = 0; i < zero.size(); ++i) out += Concat(i == 0 ? " 0 at every step, so not drawn: " : ", ", EscapeHtml(zero[i]));
  return out + (zero.empty() ? "</p>" : ".</p>");
}

}  // namespace temper
