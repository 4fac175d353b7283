#include "record/grading.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <set>

#include "cluster/base/error.h"

namespace temper {
namespace {

using Parts = std::vector<std::string>;

const Parts kSafety = {"safety", "severity"};
const Parts kHelpfulness = {"helpfulness_direct", "helpfulness_indirect"};
const Parts kModes = {"mode"};

bool Shares(const Parts& a, const Parts& b) {
  return std::any_of(a.begin(), a.end(), [&](const std::string& part) { return std::find(b.begin(), b.end(), part) != b.end(); });
}

bool Holds(const std::string& text, const char* word) { return text.find(word) != std::string::npos; }

// The parts of a grade that a comparison is about, empty where its words do not tell.
Parts PartsAbout(const GraderMeasurement& measured) {
  const std::string& text = measured.compared;
  if (Holds(text, "over_refusal") || Holds(text, "restricted")) return {"over_refusal"};
  if (Holds(text, "unsafe") || Holds(text, "harm") || Holds(text, "severity")) return kSafety;
  if (Holds(text, "helpful")) return kHelpfulness;
  return Holds(text, "refuse") || Holds(text, "mode") ? kModes : Parts();
}

bool IsIntentTold(const GraderMeasurement& measured) { return Holds(measured.compared, kIntentTold); }

// "a", "a and b", "a, b and c".
std::string Listed(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  return text;
}

// "asked (intent=malicious only, AUROC 0.77 on unseen sources)"; the figure where it is about these parts.
std::string EntryText(const RunDescription::GraderEntry& entry, const Parts& parts) {
  std::string known = entry.only.empty() ? "" : entry.only + " only";
  const GraderMeasurement* unseen = UnseenOf(entry.measured);
  const double* auroc = unseen != nullptr && Shares(PartsAbout(*unseen), parts) ? FigureOf(*unseen, "auroc") : nullptr;
  if (auroc != nullptr) {
    char text[64];
    std::snprintf(text, sizeof(text), "AUROC %.2f on unseen sources", *auroc);
    known += Concat(known.empty() ? "" : ", ", text);
  }
  return entry.name + (known.empty() ? "" : " (" + known + ")");
}

// "; helpfulness by helpful and rules", "" where nobody who steers gives it.
std::string ClauseOf(const RunDescription::Grader& grader, const char* what, const Parts& parts) {
  std::vector<std::string> names;
  for (const RunDescription::GraderEntry& entry : grader.entries) {
    if (!entry.steers || !Shares(entry.gives, parts)) continue;
    // Of modes one grader's counts.
    const bool other = &parts == &kModes && (grader.mode_from.empty() ? !names.empty() : grader.mode_from != entry.name);
    if (!other) names.push_back(EntryText(entry, parts));
  }
  return names.empty() ? "" : Concat("; ", what, " by ", Listed(names));
}

}  // namespace

const double* FigureOf(const GraderMeasurement& measured, const std::string& name) {
  for (const auto& [figure, value] : measured.figures)
    if (figure == name) return &value;
  return nullptr;
}

std::vector<GraderMeasurement> Concerning(const std::vector<GraderMeasurement>& measured, const std::vector<std::string>& gives,
                                          bool sees_intent) {
  std::set<Parts> with_intent;
  for (const GraderMeasurement& each : measured)
    if (IsIntentTold(each)) with_intent.insert(PartsAbout(each));
  std::vector<GraderMeasurement> out;
  std::copy_if(measured.begin(), measured.end(), std::back_inserter(out), [&](const GraderMeasurement& each) {
    const Parts about = PartsAbout(each);
    if (!about.empty() && !Shares(about, gives)) return false;
    return IsIntentTold(each) ? sees_intent : !sees_intent || about.empty() || !with_intent.contains(about);
  });
  return out;
}

const GraderMeasurement* UnseenOf(const std::vector<GraderMeasurement>& measured) {
  const auto found =
      std::find_if(measured.begin(), measured.end(), [](const GraderMeasurement& each) { return each.compared.ends_with(kUnseenSources); });
  return found == measured.end() ? nullptr : &*found;
}

std::string WhoGrades(const RunDescription::Grader& grader) {
  if (grader.entries.empty()) return "";
  std::string text = ClauseOf(grader, "safety", kSafety);
  text += ClauseOf(grader, "helpfulness", kHelpfulness) + ClauseOf(grader, "modes", kModes);
  std::vector<std::string> monitors;
  for (const RunDescription::GraderEntry& entry : grader.entries)
    if (!entry.steers) monitors.push_back(entry.name);
  const bool one = monitors.size() == 1;
  if (!monitors.empty()) text += Concat("; ", Listed(monitors), one ? " watches and steers nothing" : " watch and steer nothing");
  return text.empty() ? grader.name : text.substr(2);
}

std::string GradingLine(const RunDescription::Grader& grader) {
  if (!grader.entries.empty()) return WhoGrades(grader);
  return Concat("reward, safety and helpfulness are by ", grader.name, grader.reads.empty() ? "" : " (reads " + grader.reads + ")",
                "; agreement with people: ", grader.measured.empty() ? "not measured" : "measured, see the report");
}

}  // namespace temper
