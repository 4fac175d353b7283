// Learning curves of several runs: a line a condition, with a band over its runs.
#include <algorithm>

#include "cluster/base/error.h"
#include "views/compare/band.h"
#include "views/compare/sections.h"
#include "views/page/escape.h"
#include "views/page/format.h"
#include "views/page/svg.h"
#include "views/report/render.h"

namespace temper {
namespace {

struct CurveKind {
  const char* metric;
  const char* title;
  bool unit_range;
  FigureScale scale = kNoScale;
};

constexpr CurveKind kCurves[] = {{"reward/mean", "Reward, each arm's own composer", true},
                                 {"reward/safety_mean", "Safety score s, mean", true, kScoreScale},
                                 {"reward/helpfulness_mean", "Helpfulness h, mean", true, kScoreScale},
                                 {"safety/over_refusal_rate", "Over-refusal", true, kShareScale},
                                 {"actor/kl", "KL to the reference, nats a token", false},
                                 {"actor/entropy", "Entropy, nats a token", false},
                                 {"response/length_mean", "Response length, tokens", false},
                                 {"off_policy/staleness_mean", "Staleness, weight versions", true}};

std::string SeedOf(const RunsComparison& comparison, const RunArm& at) { return Concat(comparison.reports[at.run].record->seed); }

// The curves of a metric in the runs of a condition; the seeds of those that lack it are added to *without.
std::vector<const Series*> SeriesOf(const RunsComparison& comparison, const Condition& condition, const std::string& metric,
                                    std::string* without) {
  std::vector<const Series*> runs;
  for (const RunArm& at : condition.runs) {
    const auto& curves = comparison.ReportOf(at).curves;
    const auto curve = curves.find(metric);
    if (curve != curves.end()) {
      runs.push_back(&curve->second);
    } else {
      *without += (without->empty() ? "" : ", ") + SeedOf(comparison, at);
    }
  }
  return runs;
}

void AddLines(const BandCurve& curve, const std::string& label, const std::string& style_class, std::vector<LineSeries>* lines) {
  for (const Series& tail : curve.tails) lines->push_back({label, style_class, tail.steps, tail.values, {}, {}, false, true});
  if (!curve.steps.empty()) lines->push_back({label, style_class, curve.steps, curve.mean, curve.low, curve.high, false, false});
}

std::string Chart(const RunsComparison& comparison, const CurveKind& kind) {
  LineChartSpec spec{kind.title, "RL step", {}, kind.unit_range};
  std::string lacking;
  for (size_t i = 0; i < comparison.conditions.size(); ++i) {
    const std::string name = Prose(comparison.conditions[i].name);
    std::string without;
    const BandCurve curve = BandOver(SeriesOf(comparison, comparison.conditions[i], kind.metric, &without), kind.scale);
    AddLines(curve, name, ArmClass(i), &spec.series);
    if (curve.num_runs > 0 && !without.empty()) lacking += Concat(lacking.empty() ? "" : "; ", name, ": seeds ", without);
  }
  if (spec.series.empty()) return "";
  return "<figure>" + LineChart(spec) + (lacking.empty() ? "" : "<figcaption>Not logged by " + EscapeHtml(lacking) + ".</figcaption>") +
         "</figure>";
}

// The last RL step of a run, -1 where it has none.
double LastStep(const ArmReport& arm) {
  double last = -1;
  for (const auto& [metric, curve] : arm.curves) {
    if (!curve.steps.empty()) last = std::max(last, curve.steps.back());
  }
  return last;
}

// What a condition's line and band are made of.
std::string BandNote(const RunsComparison& comparison, const Condition& condition) {
  const size_t k = condition.runs.size();
  std::string note = Prose(condition.name) + ": ";
  if (k == 1) return note + "one run, seed " + comparison.Seeds(condition) + ", no band";
  note += Concat(k, " runs, seeds ", comparison.Seeds(condition),
                 "; band: ", k < kRunsForInterval ? "lowest to highest run" : "95 % interval of the mean (Student's t over the runs)");
  std::string ends;
  bool differ = false;
  for (const RunArm& at : condition.runs) {
    const double last = LastStep(comparison.ReportOf(at));
    differ = differ || last != LastStep(comparison.ReportOf(condition.runs.front()));
    ends += Concat(ends.empty() ? "" : ", ", "seed ", SeedOf(comparison, at), " at ", last < 0 ? "no step at all" : Fixed(last, 0));
  }
  if (!differ) return note;
  return note + "; the runs end at different steps (" + ends +
         "): line and band go as far as all of them, dashed lines are single runs beyond";
}

}  // namespace

std::string HtmlCurves(const RunsComparison& comparison) {
  std::string charts;
  for (const CurveKind& kind : kCurves) charts += Chart(comparison, kind);
  if (charts.empty()) return "";
  std::vector<std::string> notes;
  for (const Condition& condition : comparison.conditions) notes.push_back(BandNote(comparison, condition));
  return "<section id=\"training\"><h2>Training</h2>" + HtmlLegend(comparison.Names(), false) + "<div class=\"charts\">" + charts +
         "</div><div class=\"note\"><p>Lines: mean over the runs, each smoothed by an exponential mean (weight 0.8 on the past) first. "
         "What is "
         "behind each:</p>" +
         HtmlList(notes) + "</div></section>\n";
}

}  // namespace temper
