#include "views/page/html.h"

#include <utility>

#include "cluster/base/error.h"
#include "views/page/escape.h"
#include "views/page/format.h"
#include "views/page/svg.h"

namespace temper {

std::string ArmClass(size_t arm) { return "s" + std::to_string(arm % 6); }

std::string HtmlNavigation(const std::string& sections) {
  static constexpr std::pair<const char*, const char*> kSections[] = {{"findings", "What the numbers say"},
                                                                      {"conditions", "What is compared"},
                                                                      {"training", "Training"},
                                                                      {"evaluation", "Evaluation"},
                                                                      {"graders", "What each grader says"},
                                                                      {"transcripts", "Transcripts"},
                                                                      {"time", "Where the time went"},
                                                                      {"throughput", "Throughput"},
                                                                      {"setup", "Setup"},
                                                                      {"runs", "The runs"},
                                                                      {"limits", "Limits"}};
  std::string out = "<nav aria-label=\"Sections\">";
  for (const auto& [id, label] : kSections) {
    if (sections.find(Concat("<section id=\"", id, "\"")) != std::string::npos) out += Concat("<a href=\"#", id, "\">", label, "</a>");
  }
  return out + "</nav>";
}

std::string HtmlList(const std::vector<std::string>& items) {
  std::string out = "<ul>";
  for (const std::string& item : items) out += "<li>" + EscapeHtml(item) + "</li>";
  return out + "</ul>";
}

std::string HtmlLegend(const std::vector<std::string>& arms, bool with_start) {
  std::string out = "<div class=\"legend\">";
  for (size_t i = 0; i < arms.size(); ++i) out += "<span>" + LegendMark(ArmClass(i)) + EscapeHtml(Prose(arms[i])) + "</span>";
  if (with_start) out += "<span>" + LegendMark("start") + "before RL</span>";
  return out + "</div>";
}

std::string HtmlSwatches(const std::vector<std::pair<std::string, std::string>>& classes_and_labels) {
  std::string out = "<div class=\"legend\">";
  for (const auto& [style_class, label] : classes_and_labels)
    out += "<span><i class=\"swatch " + EscapeHtml(style_class) + "\"></i>" + EscapeHtml(label) + "</span>";
  return out + "</div>";
}

std::string HtmlTable(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows, const std::string& caption,
                      const std::string& css_class) {
  std::string out = "<div class=\"scroll\"><table class=\"" + css_class + "\"><caption>" + caption + "</caption><thead><tr>";
  for (const std::string& cell : head) out += "<th scope=\"col\">" + cell + "</th>";
  out += "</tr></thead><tbody>";
  for (const auto& row : rows) {
    out += "<tr>";
    for (const std::string& cell : row) out += "<td>" + cell + "</td>";
    out += "</tr>";
  }
  return out + "</tbody></table></div>\n";
}

}  // namespace temper
