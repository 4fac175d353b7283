#include <algorithm>

#include "cluster/error.h"
#include "orchestrator/report_comparison.h"
#include "orchestrator/report_format.h"
#include "orchestrator/report_render.h"
#include "orchestrator/report_svg.h"

namespace temper {
namespace {

constexpr size_t kColumns = 100;

const RunsFigure* Find(const std::map<std::string, std::map<std::string, RunsCell>>& sets, const std::string& set,
                       const std::string& intent, const std::string& key) {
  const auto by_set = sets.find(set);
  if (by_set == sets.end()) return nullptr;
  const auto by_intent = by_set->second.find(intent);
  if (by_intent == by_set->second.end()) return nullptr;
  const auto figure = by_intent->second.find(key);
  return figure == by_intent->second.end() || !figure->second.present() ? nullptr : &figure->second;
}

std::string Range(const RunsFigure* figure, int digits, bool with_sign) {
  if (figure == nullptr) return "-";
  const Estimate e = figure->AsEstimate();
  const auto number = [&](double value, int d) { return with_sign ? Signed(value, d) : Fixed(value, d); };
  return Concat(number(e.mean, digits), " (", number(e.low, 2), "..", number(e.high, 2), ")");
}

// "3/5 +": runs whose own interval settles the sign, and which sign.
std::string Settled(const RunsFigure* figure) {
  if (figure == nullptr) return "-";
  const size_t runs = figure->values.size();
  if (figure->num_positive > 0 && figure->num_negative > 0) return Concat(figure->num_positive, "+ ", figure->num_negative, "-");
  if (figure->num_negative > 0) return Concat(figure->num_negative, "/", runs, " -");
  return Concat(figure->num_positive, "/", runs, figure->num_positive > 0 ? " +" : "");
}

std::string Pad(const std::string& text, size_t width) {
  return text.size() >= width ? text.substr(0, width - 1) + " " : text + std::string(width - text.size(), ' ');
}

std::string Row(const std::vector<std::string>& cells) {
  static constexpr size_t kWidths[] = {10, 16, 21, 21, 23, 9};
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) line += Pad(cells[i], kWidths[i]);
  return line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

std::string Seeds(const RunsComparison& comparison) {
  std::string seeds;
  for (const Report& report : comparison.reports) seeds += Concat(seeds.empty() ? "" : ", ", report.record->seed);
  return seeds;
}

std::string PairTable(const RunsComparison& comparison, const std::string& set, size_t b) {
  std::vector<std::string> head = {"intent", "figure", EscapeTerminal(Prose(comparison.arms[0]))};
  if (b > 0) head.insert(head.end(), {EscapeTerminal(Prose(comparison.arms[b])), "first - second", "settled"});
  std::string out = EscapeTerminal(Prose(set)) + "\n" + Row(head) + std::string(kColumns, '-') + "\n";
  for (const std::string& intent : IntentsOf(comparison, set)) {
    bool first = true;
    for (const FigureColumn& figure : FigureColumns()) {
      const RunsFigure *left = Find(comparison.cells[0], set, intent, figure.key),
                       *right = Find(comparison.cells[b], set, intent, figure.key);
      if (left == nullptr && right == nullptr) continue;
      std::vector<std::string> row = {first ? EscapeTerminal(Prose(intent)) : "", figure.label, Range(left, 3, false)};
      if (b > 0) {
        const RunsFigure* difference = Find(comparison.differences[b - 1], set, intent, figure.key);
        row.insert(row.end(), {Range(right, 3, false), Range(difference, 3, true), Settled(difference)});
      }
      out += Row(row);
      first = false;
    }
  }
  return out + "\n";
}

// Mean over runs at each step that every run has, with the range as a band.
LineSeries CurveOver(const RunsComparison& comparison, size_t arm, const std::string& metric) {
  LineSeries series;
  series.label = Prose(comparison.arms[arm]);
  series.style_class = ArmClass(arm);
  series.smooth = false;
  std::map<double, std::vector<double>> by_step;
  for (const Report& report : comparison.reports) {
    const auto curve = report.arms[arm].curves.find(metric);
    if (curve == report.arms[arm].curves.end()) continue;
    const std::vector<double> smoothed = SmoothedValues(curve->second.values, kSmoothing);
    for (size_t i = 0; i < smoothed.size(); ++i) by_step[curve->second.steps[i]].push_back(smoothed[i]);
  }
  for (const auto& [step, values] : by_step) {
    if (values.size() != comparison.reports.size()) continue;
    double sum = 0;
    for (const double value : values) sum += value;
    series.x.push_back(step);
    series.y.push_back(sum / static_cast<double>(values.size()));
    series.low.push_back(*std::min_element(values.begin(), values.end()));
    series.high.push_back(*std::max_element(values.begin(), values.end()));
  }
  return series;
}

std::string Curves(const RunsComparison& comparison) {
  static constexpr std::pair<const char*, const char*> kMetrics[] = {
      {"reward/mean", "Reward, each arm's own composer"}, {"reward/safety_mean", "Safety s"}, {"reward/helpfulness_mean", "Helpfulness h"}};
  std::string charts;
  for (const auto& [metric, title] : kMetrics) {
    LineChartSpec spec{title, "RL step", {}, true};
    for (size_t arm = 0; arm < comparison.arms.size(); ++arm) {
      LineSeries series = CurveOver(comparison, arm, metric);
      if (!series.x.empty()) spec.series.push_back(std::move(series));
    }
    if (!spec.series.empty()) charts += "<figure>" + LineChart(spec) + "</figure>";
  }
  if (charts.empty()) return "";
  return "<section id=\"training\"><h2>Training</h2>" + HtmlLegend(comparison.arms, false) + "<div class=\"charts\">" + charts +
         "</div><p class=\"note\">Mean over the runs of each run's exponential mean; the band spans the runs.</p></section>\n";
}

std::string Dots(const RunsComparison& comparison, const std::string& set, const FigureColumn& figure, double low, double high) {
  DotPlotSpec spec{figure.label, low, high, {}};
  for (const std::string& intent : IntentsOf(comparison, set)) {
    DotRow row{Prose(intent), {}};
    bool any = false;
    const auto add = [&](const std::string& label, const std::string& css, const RunsFigure* found) {
      any = any || found != nullptr;
      row.marks.push_back(
          {label, css, found == nullptr ? Estimate{} : found->AsEstimate(), found == nullptr ? std::vector<double>{} : found->values});
    };
    if (const RunsFigure* start = Find(comparison.start, set, intent, figure.key)) add("before RL", "start", start);
    for (size_t arm = 0; arm < comparison.arms.size(); ++arm) {
      add(Prose(comparison.arms[arm]), ArmClass(arm), Find(comparison.cells[arm], set, intent, figure.key));
    }
    if (any) spec.rows.push_back(std::move(row));
  }
  return spec.rows.empty() ? "" : "<figure>" + DotPlot(spec) + "</figure>";
}

std::string DifferenceTable(const RunsComparison& comparison, const std::string& set) {
  std::vector<std::vector<std::string>> rows;
  for (size_t b = 1; b < comparison.arms.size(); ++b) {
    for (const std::string& intent : IntentsOf(comparison, set)) {
      std::vector<std::string> row = {EscapeHtml(Prose(comparison.arms[0]) + " \xE2\x88\x92 " + Prose(comparison.arms[b])),
                                      EscapeHtml(Prose(intent))};
      for (const FigureColumn& figure : FigureColumns()) {
        const RunsFigure* difference = Find(comparison.differences[b - 1], set, intent, figure.key);
        row.push_back(difference == nullptr ? "<i>undefined</i>" : Range(difference, 3, true) + " <i>" + Settled(difference) + "</i>");
      }
      rows.push_back(row);
    }
  }
  if (rows.empty()) return "";
  return HtmlTable(
      {"difference", "intent", "safety", "help given safe", "over-refusal", "utility h\xC2\xB7s"}, rows,
      "Mean over the runs of the paired difference (least..largest run), and the runs whose own 95 % interval settles its sign.", "two");
}

std::string CellTable(const RunsComparison& comparison, const std::string& set) {
  std::vector<std::vector<std::string>> rows;
  for (size_t arm = 0; arm < comparison.arms.size(); ++arm) {
    for (const std::string& intent : IntentsOf(comparison, set)) {
      std::vector<std::string> row = {EscapeHtml(Prose(comparison.arms[arm])), EscapeHtml(Prose(intent))};
      for (const FigureColumn& figure : FigureColumns()) {
        const RunsFigure* found = Find(comparison.cells[arm], set, intent, figure.key);
        row.push_back(found == nullptr ? "<i>undefined</i>" : Range(found, 3, false));
      }
      rows.push_back(row);
    }
  }
  return HtmlTable({"arm", "intent", "safety", "help given safe", "over-refusal", "utility h\xC2\xB7s"}, rows,
                   "Mean over the runs (least..largest run).", "two");
}

}  // namespace

std::string RenderText(const RunsComparison& comparison) {
  std::string out =
      Wrap(
          Concat(
              "Comparison of ", comparison.reports.size(), " runs, seeds ", Seeds(comparison),
              ". Mean over the runs (least..largest run); settled: runs whose own 95 % interval excludes 0, with its sign; - = undefined."),
          kColumns, "") +
      "\n\n";
  for (const std::string& set : comparison.sets) {
    if (comparison.arms.size() == 1) out += PairTable(comparison, set, 0);
    for (size_t b = 1; b < comparison.arms.size(); ++b) out += PairTable(comparison, set, b);
  }
  out += "Rise of the reward under each arm's own composer\n";
  for (size_t arm = 0; arm < comparison.arms.size(); ++arm) {
    const RunsFigure& rise = comparison.reward_rise[arm];
    out += Concat("  ", Pad(EscapeTerminal(Prose(comparison.arms[arm])), 25), Range(rise.present() ? &rise : nullptr, 3, true), "  ",
                  Settled(rise.present() ? &rise : nullptr), "\n");
  }
  return out;
}

std::string RenderHtml(const RunsComparison& comparison) {
  std::string body =
      Concat("<header><h1>Safety report: ", comparison.reports.size(), " runs side by side</h1><p class=\"sub\">Policy spec <code>",
             EscapeHtml(comparison.reports[0].record->policy_name), "</code>, seeds ", Seeds(comparison), "</p></header>\n");
  body += Curves(comparison) +
          "<section id=\"evaluation\"><h2>Evaluation</h2><p class=\"note\">Large marks: mean over the runs; small marks: single runs; "
          "bars: from the least to the largest run. These are ranges over runs, not confidence intervals.</p>";
  const auto& figures = FigureColumns();
  for (const std::string& set : comparison.sets) {
    body += "<section><h3>" + EscapeHtml(Prose(set)) + "</h3>" + HtmlLegend(comparison.arms, comparison.start.contains(set)) +
            "<div class=\"charts\">" + Dots(comparison, set, figures[0], 0, 1) + Dots(comparison, set, figures[1], 1, 4) +
            Dots(comparison, set, figures[2], 0, 1) + Dots(comparison, set, figures[3], 0, 1) + "</div>" +
            DifferenceTable(comparison, set) + CellTable(comparison, set) + "</section>\n";
  }
  body += "</section>\n<section id=\"runs\"><h2>The runs</h2>";
  for (const Report& report : comparison.reports) {
    body += Concat("<details open><summary>", EscapeHtml(report.record->name), ", seed ", report.record->seed, "</summary>",
                   HtmlList(report.findings), "<p><b>Weaknesses</b></p>", HtmlList(report.weaknesses), "</details>");
  }
  const bool built_in =
      std::any_of(comparison.reports.begin(), comparison.reports.end(), [](const Report& r) { return r.record->built_in_world; });
  return HtmlPage("Safety report: comparison", body + "</section>\n" + HtmlLimits(built_in));
}

}  // namespace temper
