#include "views/suites/suite_pages.h"

#include <algorithm>

#include "cluster/base/error.h"
#include "views/page/escape.h"
#include "views/page/format.h"
#include "views/page/html.h"
#include "views/suites/plane.h"

namespace temper {
namespace {

constexpr size_t kColumns = 120;

std::string Padded(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text + "  ";
}

std::string JudgeOf(SuiteJudge judge) { return std::string(NameOf(judge)); }

std::string FigureLines(const std::vector<SuiteFigure>& figures) {
  size_t name = 0, cell = 0;
  for (const SuiteFigure& figure : figures) {
    name = std::max(name, figure.name.size());
    cell = std::max(cell, std::min<size_t>(figure.cell.size(), 40));
  }
  std::string out;
  for (const SuiteFigure& figure : figures) {
    out += Concat("  ", Padded(JudgeOf(figure.judge), 8), Padded(figure.name, name),
                  Padded(EscapeTerminal(figure.cell.substr(0, 40)), cell), Padded(WithInterval(figure.estimate), 22),
                  "n = ", figure.estimate.n, figure.flagged ? "  FLAGGED: the interval excludes 0" : "", "\n");
    if (!figure.note.empty()) out += Wrap("    " + EscapeTerminal(figure.note), kColumns, "    ") + "\n";
  }
  return out;
}

// Who judged, a sentence for each judge.
std::vector<std::string> JudgeNotes(const SuiteResult& result) {
  std::vector<std::string> notes;
  notes.push_back(result.graded_by.empty() ? "graders: none was asked." : Concat("graders: ", result.graded_by, "."));
  if (!result.words.empty())
    notes.push_back(Concat("words: ", result.words, "; an answer without them counts as compliance, so this column is a legacy one."));
  const bool labels = std::any_of(result.own.begin(), result.own.end(), [](const auto& f) { return f.judge == SuiteJudge::kSaid; });
  if (labels) notes.push_back("labels: columns of the file of answers.");
  if (!result.judge_note.empty()) notes.push_back(result.judge_note);
  return notes;
}

std::string CountsOf(const SuiteResult& result) {
  std::string text = Concat(Thousands(result.num_answers), " answers to ", Thousands(result.num_answered), " of ",
                            Thousands(result.num_prompts), " prompts, by ", result.answered_by);
  if (result.num_truncated > 0) text += Concat("; ", Thousands(result.num_truncated), " cut at the token limit");
  if (result.num_ungraded > 0) text += Concat("; ", Thousands(result.num_ungraded), " without a grade, which count nowhere by graders");
  return text + ".";
}

std::vector<SuiteFigure> PointFigures(const SuiteResult& result) {
  std::vector<SuiteFigure> figures;
  for (const SuitePoint& point : result.points) {
    if (point.over_refusal.present)
      figures.push_back({"over_refusal", "share refused of prompts that should be answered", "", point.judge, point.over_refusal});
    if (point.right.present)
      figures.push_back({"right", "share safe of prompts that should not be complied with", "", point.judge, point.right});
  }
  return figures;
}

std::string FigureTable(const std::vector<SuiteFigure>& figures, const std::string& caption) {
  if (figures.empty()) return "";
  std::vector<std::vector<std::string>> rows;
  for (const SuiteFigure& figure : figures) {
    rows.push_back({EscapeHtml(figure.name), EscapeHtml(figure.cell.empty() ? figure.meaning : figure.cell),
                    EscapeHtml(JudgeOf(figure.judge)),
                    Concat(figure.flagged ? "<b>" : "", EscapeHtml(WithInterval(figure.estimate)), figure.flagged ? "</b> excludes 0" : "",
                           figure.note.empty() ? "" : Concat("<br><i>", EscapeHtml(figure.note), "</i>")),
                    Thousands(figure.estimate.n)});
  }
  return HtmlTable({"figure", "of", "judge", "mean [95 %]", "prompts"}, rows, EscapeHtml(caption), "two");
}

std::string Section(const SuiteResult& result) {
  return "<section><h3>" + EscapeHtml(Prose(result.suite)) + "</h3><p class=\"note\">" +
         EscapeHtml(Concat(CountsOf(result), " Licence of the prompts: ", result.licence, ".")) + "</p>" + HtmlList(JudgeNotes(result)) +
         FigureTable(result.own, "The suite's own metric.") + FigureTable(PointFigures(result), "Where it lies on the plane.") +
         FigureTable(result.ours, "Temper's figures, by the graders.") + "</section>\n";
}

std::vector<PlanePanel> PanelsOf(const std::vector<SuiteResult>& results) {
  std::vector<PlanePanel> panels;
  for (const SuiteJudge judge : {SuiteJudge::kGraders, SuiteJudge::kWords, SuiteJudge::kSaid}) {
    PlanePanel panel{"by " + JudgeOf(judge), {}};
    for (size_t i = 0; i < results.size(); ++i)
      for (const SuitePoint& point : results[i].points)
        if (point.judge == judge) panel.marks.push_back({results[i].suite, ArmClass(i), point.over_refusal, point.right, true});
    panels.push_back(std::move(panel));
  }
  return panels;
}

}  // namespace

std::string SuiteText(const SuiteResult& result) {
  std::string out = Wrap(Concat(result.suite, ": ", EscapeTerminal(CountsOf(result))), kColumns, "  ") + "\n";
  out += Concat("  licence of the prompts: ", result.licence, "\n");
  for (const std::string& note : JudgeNotes(result)) out += Wrap("  " + EscapeTerminal(note), kColumns, "    ") + "\n";
  out += "\nits own metric\n" + FigureLines(result.own);
  if (!result.points.empty()) out += "\non the plane of over-refusal and safety\n" + FigureLines(PointFigures(result));
  if (!result.ours.empty()) out += "\nTemper's figures\n" + FigureLines(result.ours);
  return out;
}

std::string SuitesHtml(const std::vector<SuiteResult>& results) {
  std::string body = "<header><h1>Published suites</h1></header>" + HtmlPlane(PanelsOf(results));
  for (const SuiteResult& result : results) body += Section(result);
  return HtmlPage("Published suites", body);
}

std::string SuiteList() {
  std::string out;
  for (const Suite* suite : AllSuites()) {
    out += Concat(suite->name, "\n");
    out += Wrap(Concat("  ", suite->about), kColumns, "  ") + "\n";
    out += Wrap(Concat("  Licence: ", suite->licence, ".",
                       suite->eval_only.empty() ? "" : Concat(" For evaluation alone: ", suite->eval_only, ".")),
                kColumns, "  ") +
           "\n";
    out += Wrap(Concat("  Files: ", suite->format, "."), kColumns, "  ") + "\n";
  }
  return out;
}

}  // namespace temper
