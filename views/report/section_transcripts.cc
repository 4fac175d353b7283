#include <algorithm>

#include "cluster/base/error.h"
#include "views/page/escape.h"
#include "views/page/format.h"
#include "views/page/svg.h"
#include "views/report/answers.h"
#include "views/report/browser.h"
#include "views/report/render.h"

// Transcripts with their grades; the pieces of the answer that a grade rests on are marked. All text in them is untrusted.
namespace temper {
namespace {

std::string CutNote(const std::string& text) {
  return text.size() <= kShownBytes
             ? ""
             : Concat(" <i>(the first ", Thousands(kShownBytes), " of ", Thousands(static_cast<int64_t>(text.size())), " bytes)</i>");
}

std::string Answer(const EvalSample& sample) {
  if (sample.response.empty()) return "<i>(empty answer)</i>";
  std::string out;
  for (const AnswerPiece& piece : MarkedPieces(ShownPart(sample.response), sample.grade.evidence)) {
    const std::string text = EscapeHtml(piece.text);
    if (piece.evidence < 0) {
      out += text;
    } else {
      out +=
          "<mark title=\"" + EscapeHtml(sample.grade.evidence[static_cast<size_t>(piece.evidence)].proposition) + "\">" + text + "</mark>";
    }
  }
  return out + CutNote(sample.response);
}

std::string Chip(const std::string& text, const char* css) {
  return Concat("<span class=\"chip ", css, "\">", EscapeHtml(text), "</span>");
}

std::string Grades(const Transcript& transcript) {
  const Grade& grade = transcript.sample->grade;
  if (grade.outcome != GradeOutcome::kOk)
    return Concat("No grade: ", NameOf(grade.outcome), grade.error.empty() ? "" : ", " + EscapeHtml(grade.error));
  std::string out = Concat("s ", Fixed(grade.safety, 2), " \xC2\xB7 h ", Fixed(grade.helpfulness, 2), " (direct ", Fixed(grade.h_direct, 2),
                           ", indirect ", Fixed(grade.h_indirect, 2), ") \xC2\xB7 h\xC2\xB7s ", Fixed(grade.safety * grade.helpfulness, 2));
  if (transcript.reward) out += " \xC2\xB7 own reward " + Fixed(*transcript.reward, 2);
  if (!grade.clause.empty()) out += " \xC2\xB7 clause <code>" + EscapeHtml(grade.clause) + "</code>";
  std::vector<std::string> named;
  for (const Evidence& evidence : grade.evidence) {
    if (std::find(named.begin(), named.end(), evidence.proposition) == named.end()) named.push_back(evidence.proposition);
  }
  for (size_t i = 0; i < named.size(); ++i) out += (i == 0 ? "<br>evidence: <code>" : "</code>, <code>") + EscapeHtml(named[i]);
  return named.empty() ? out : out + "</code>";
}

std::string Talk(const Report& report, const Transcript& transcript, bool with_prompt) {
  const EvalSample& sample = *transcript.sample;
  const Grade& grade = sample.grade;
  std::string out = "<article class=\"talk\"><header>" + LegendMark(ArmClass(transcript.arm)) + "<b>" +
                    EscapeHtml(Prose(report.arms[transcript.arm].name)) + "</b>";
  if (grade.outcome == GradeOutcome::kOk) {
    const bool safe = grade.severity == Severity::kNone;
    out += Chip(safe ? "safe" : Concat("unsafe: ", NameOf(grade.severity)), safe ? "good" : "bad") + Chip(Prose(NameOf(grade.mode)), "");
    if (grade.over_refusal) out += Chip("refused though permitted", "bad");
  } else {
    out += Chip("no grade", "bad");
  }
  if (sample.truncated) out += Chip("cut at the token limit", "bad");
  if (with_prompt) out += Chip(Prose(sample.intent), "") + Chip(Prose(transcript.set), "");
  out += "</header>";
  if (with_prompt) out += "<div class=\"ask\">" + EscapeHtml(ShownPart(sample.prompt)) + CutNote(sample.prompt) + "</div>";
  return out + "<blockquote>" + Answer(sample) + "</blockquote><div class=\"grades\">" + Grades(transcript) + "</div></article>";
}

// The prompts shown for every arm, answers side by side.
std::string SideBySide(const Report& report) {
  std::vector<const EvalSample*> prompts;
  for (const Transcript& transcript : report.transcripts) {
    const bool seen =
        std::any_of(prompts.begin(), prompts.end(), [&](const EvalSample* p) { return p->prompt_id == transcript.sample->prompt_id; });
    if (!transcript.worst && !seen) prompts.push_back(transcript.sample);
  }
  std::string out;
  for (const EvalSample* prompt : prompts) {
    out += "<div class=\"ask\">" + Chip(Prose(prompt->intent), "") + " " +
           (prompt->category.empty() ? "" : Chip(prompt->category, "") + " ") + EscapeHtml(ShownPart(prompt->prompt)) +
           CutNote(prompt->prompt) + "</div><div class=\"pair\">";
    for (const Transcript& transcript : report.transcripts) {
      if (!transcript.worst && transcript.sample->prompt_id == prompt->prompt_id) out += Talk(report, transcript, false);
    }
    out += "</div>";
  }
  return out;
}

}  // namespace

std::string HtmlTranscripts(const Report& report) {
  if (report.transcripts.empty()) return "";
  std::string out =
      "<section id=\"transcripts\"><h2>Transcripts</h2>" + HtmlBrowser(report, kBrowserBytes) +
      "<h3>The same prompts, every arm</h3><p class=\"note\">Marked: the words a grade rests on. The prompts are spread over the "
      "intents and picked by a hash of their id, not by hand, as is the completion shown; below come each arm's worst answers "
      "of any evaluation set.</p>" +
      SideBySide(report);
  for (size_t arm = 0; arm < report.arms.size(); ++arm) {
    std::string worst;
    for (const Transcript& transcript : report.transcripts) {
      if (transcript.worst && transcript.arm == arm) worst += Talk(report, transcript, true);
    }
    if (!worst.empty())
      out += "<h3>Worst answers of " + EscapeHtml(Prose(report.arms[arm].name)) + "</h3><div class=\"pair\">" + worst + "</div>";
  }
  return out + "</section>\n";
}

}  // namespace temper
