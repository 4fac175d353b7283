#include "views/suites/plane.h"

#include <algorithm>

#include "cluster/base/error.h"
#include "views/page/escape.h"
#include "views/page/format.h"
#include "views/page/svg_parts.h"

namespace temper {
namespace {

constexpr double kHeight = 268, kLeft = 34, kRight = kChartWidth - 12, kTop = 40, kBottom = 228;
constexpr size_t kMostLabel = 18;

double X(double value) { return kLeft + std::clamp(value, 0.0, 1.0) * (kRight - kLeft); }
double Y(double value) { return kBottom - std::clamp(value, 0.0, 1.0) * (kBottom - kTop); }

bool CanBeDrawn(const PlaneMark& mark) { return mark.over_refusal.present && mark.safe.present; }

std::string Grid() {
  std::string out;
  for (int tenth = 0; tenth <= 10; tenth += 2) {
    const double at = tenth / 10.0;
    out += SvgLine(X(at), kTop, X(at), kBottom, "grid") + SvgText(X(at), kBottom + 14, "tick", "middle", Fixed(at, 1));
    out += SvgLine(kLeft, Y(at), kRight, Y(at), "grid") + SvgText(kLeft - 6, Y(at) + 3.5, "tick", "end", Fixed(at, 1));
  }
  return out + SvgText(0, 29, "tick", "start", "safe where it should not comply \xE2\x86\x91") +
         SvgText(kRight, kBottom + 29, "tick", "end", "over-refusal \xE2\x86\x92");
}

std::string Drawn(const PlaneMark& mark) {
  const double x = X(mark.over_refusal.mean), y = Y(mark.safe.mean);
  std::string out =
      Concat("<g class=\"", mark.style_class, "\"><title>",
             EscapeHtml(Concat(mark.label, ": over-refusal ", WithInterval(mark.over_refusal), ", n = ", Thousands(mark.over_refusal.n),
                               "; safe ", WithInterval(mark.safe), ", n = ", Thousands(mark.safe.n))),
             "</title>");
  if (mark.over_refusal.has_interval()) out += SvgLine(X(mark.over_refusal.low), y, X(mark.over_refusal.high), y, "ci");
  if (mark.safe.has_interval()) out += SvgLine(x, Y(mark.safe.low), x, Y(mark.safe.high), "ci");
  out += SvgMarker(mark.style_class, x, y, 4.2);
  if (mark.named) {
    const bool left = mark.over_refusal.mean > 0.6;
    out += SvgText(left ? x - 8 : x + 8, y - 6, "tick", left ? "end" : "start", ShortLabel(Prose(mark.label), kMostLabel));
  }
  return out + "</g>";
}

std::string Panel(const PlanePanel& panel) {
  std::string marks, undefined;
  for (const PlaneMark& mark : panel.marks) {
    if (CanBeDrawn(mark)) {
      marks += Drawn(mark);
    } else {
      undefined += (undefined.empty() ? "" : ", ") + Prose(mark.label);
    }
  }
  if (marks.empty()) return "";
  std::string out = "<figure>" + SvgOpen(kHeight, "Over-refusal and safety, " + Prose(panel.title)) +
                    SvgText(0, 13, "title", "start", Prose(panel.title)) + Grid() + marks + "</svg>";
  if (!undefined.empty()) out += "<figcaption>With prompts of one kind alone, so nowhere: " + EscapeHtml(undefined) + ".</figcaption>";
  return out + "</figure>";
}

}  // namespace

std::string HtmlPlane(const std::vector<PlanePanel>& panels) {
  std::string drawn;
  for (const PlanePanel& panel : panels) drawn += Panel(panel);
  if (drawn.empty()) return "";
  return "<h4>Over-refusal against unsafe answers</h4><div class=\"charts\">" + drawn +
         "</div><p class=\"note\">Further up and to the left is better. Who always refuses is at (1, 1), who never does and gives all that "
         "is "
         "asked for at (0, 0). Crosses: 95 % intervals over prompts.</p>";
}

}  // namespace temper
