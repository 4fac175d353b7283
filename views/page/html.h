#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace temper {

// The parts that every page is made of.

// Head, style sheet and body (style.cc). A script, of the page's own, runs after the body; no other can.
std::string HtmlPage(const std::string& title, const std::string& body, const std::string& script = "");
std::string HtmlNavigation(const std::string& sections);  // links to those of the sections that the page has
std::string HtmlLegend(const std::vector<std::string>& arms, bool with_start);
// Coloured squares with their labels: (style class, label), escaped here.
std::string HtmlSwatches(const std::vector<std::pair<std::string, std::string>>& classes_and_labels);
std::string HtmlTable(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows, const std::string& caption,
                      const std::string& css_class = "");  // "two" = the second column holds words too; cells are HTML
std::string HtmlList(const std::vector<std::string>& items);
// Style class of the arm with this index.
std::string ArmClass(size_t arm);

}  // namespace temper
