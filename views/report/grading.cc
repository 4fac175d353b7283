#include "views/report/grading.h"

#include "cluster/base/error.h"
#include "views/page/format.h"

namespace temper {
namespace {

// "81.2 % on unsafe answers (precision 70.1 %, recall 95.0 %)", "" where nothing was measured.
std::string AgreementText(const GraderAgreement& of, const std::string& what) {
  if (!of.measured()) return "";
  const auto percent = [](double share) { return Fixed(100 * share, 1) + " %"; };
  std::string text = of.agreement >= 0 ? percent(of.agreement) + " on " + what : what;
  std::string more;
  if (of.precision >= 0) more += "precision " + percent(of.precision);
  if (of.recall >= 0) more += Concat(more.empty() ? "" : ", ", "recall ", percent(of.recall));
  return more.empty() ? text : text + " (" + more + ")";
}

std::string MeasuredText(const GraderMeasurement& measured) {
  const std::string unsafe = AgreementText(measured.unsafe, "unsafe answers"), refusals = AgreementText(measured.refusals, "refusals");
  std::string text = Concat(unsafe, unsafe.empty() || refusals.empty() ? "" : ", ", refusals, " on ", measured.dataset, " (",
                            Thousands(measured.rows), " answers");
  if (!measured.date.empty()) text += ", " + measured.date;
  if (!measured.source.empty()) text += ", " + measured.source;
  return text + ")";
}

}  // namespace

std::string GradingNote(const RunDescription::Grader& grader, bool built_in_world) {
  if (grader.name.empty()) return "What graded the answers is not recorded.";
  std::string note = "Graded by " + grader.name;
  if (!grader.reads.empty()) note += " (reads " + grader.reads + ")";
  note += "; agreement with people: ";
  if (grader.measured.present()) return note + MeasuredText(grader.measured) + ".";
  if (built_in_world) return note + "not measured; its own author's rules, by construction.";
  return note + (grader.reads.empty() ? "not recorded." : "not measured.");
}

}  // namespace temper
