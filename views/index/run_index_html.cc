// index.html: a row a run.
#include <algorithm>

#include "cluster/base/error.h"
#include "record/run_paths.h"
#include "views/index/run_index.h"
#include "views/page/escape.h"
#include "views/page/format.h"
#include "views/report/render.h"

namespace temper {
namespace {

// Makes each heading a button that sorts the rows of every group by its column, by data-v where a cell has it (a number; "" comes last),
// else by its text. Without it the page is the same table in order of names.
constexpr const char* kScript = R"js(
const table = document.querySelector('table.index');
const heads = table ? [...table.tHead.rows[0].cells] : [];
const value = (row, column) => {
  const cell = row.cells[column];
  return 'v' in cell.dataset ? (cell.dataset.v === '' ? null : Number(cell.dataset.v)) : cell.textContent.trim();
};
const compare = (a, b) => typeof a === 'number' ? a - b : a.localeCompare(b, undefined, {numeric: true});
function sortBy(column, descending) {
  for (const body of table.tBodies) {
    const rows = [...body.rows].filter(row => !row.dataset.group).map(row => [value(row, column), row]);
    const known = rows.filter(([v]) => v !== null).sort(([a], [b]) => descending ? compare(b, a) : compare(a, b));
    for (const [, row] of [...known, ...rows.filter(([v]) => v === null)]) body.append(row);
  }
  heads.forEach((head, i) => i === column ? head.setAttribute('aria-sort', descending ? 'descending' : 'ascending')
                                          : head.removeAttribute('aria-sort'));
}
heads.forEach((head, column) => {
  if (!head.dataset.sort) return;
  const button = document.createElement('button');
  button.type = 'button';
  button.append(...head.childNodes);
  head.append(button);
  button.addEventListener('click', () => sortBy(column, head.getAttribute('aria-sort') === 'ascending'));
});
)js";

constexpr const char* kHeads[] = {"run", "state", "seed", "started, UTC", "took", "RL steps", "arm", "set"};

// A path as a relative link: every byte but letters, digits and "-._~/" as %XX, so that it is no scheme, query or fragment.
std::string LinkTo(const std::string& path) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string link;
  for (const char c : path) {
    const bool plain =
        (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || std::string("-._~/").find(c) != std::string::npos;
    const auto byte = static_cast<unsigned char>(c);
    link += plain ? std::string(1, c) : std::string("%") + kHex[byte >> 4] + kHex[byte & 15];
  }
  return link;
}

std::string Anchor(const std::string& path, const std::string& text) {
  return Concat("<a href=\"", LinkTo(path), "\">", EscapeHtml(text), "</a>");
}

// "41 s", "12 min", "3.4 h", "2.1 d"
std::string Duration(double seconds) {
  if (seconds < 0) return "";
  if (seconds < 120) return Fixed(seconds, 0) + " s";
  if (seconds < 7200) return Fixed(seconds / 60, 0) + " min";
  if (seconds < 172800) return Fixed(seconds / 3600, 1) + " h";
  return Fixed(seconds / 86400, 1) + " d";
}

// 2026-01-31T23:59:59Z -> 2026-01-31 23:59
std::string Minutes(std::string utc) {
  if (utc.size() != 20) return utc;
  utc[10] = ' ';
  return utc.substr(0, 16);
}

std::string Cell(const std::string& html, const std::string& css = "") {
  return "<td" + (css.empty() ? "" : " class=\"" + css + "\"") + ">" + html + "</td>";
}

// A cell that sorts by a number; nothing stands last.
std::string NumberCell(const std::string& html, bool known, double number) {
  return Concat("<td class=\"n\" data-v=\"", known ? Fixed(number, 6) : "", "\">", html, "</td>");
}

std::string State(const IndexedRun& run) {
  const std::string css = run.state == "done"                                                             ? " good"
                          : run.state == "running" || run.state == "starting" || run.state == "preempted" ? ""
                                                                                                          : " bad";
  const std::string chip = Concat("<span class=\"chip", css, "\">", EscapeHtml(run.state), "</span>");
  return "<td class=\"why\">" + chip + (run.why.empty() ? "" : "<br>" + EscapeHtml(run.why)) + "</td>";
}

std::string Steps(const IndexedRun& run) {
  if (run.steps < 0) return "";
  return Concat(Thousands(run.steps), run.steps_of > 0 ? " of " + Thousands(run.steps_of) : "");
}

// A line an arm; sorted by the first arm's.
std::string FigureCell(const IndexedRun& run, const FigureColumn& figure) {
  std::string html;
  for (const IndexedRun::Arm& arm : run.arms) {
    const auto found = arm.figures.find(figure.key);
    const bool known = found != arm.figures.end() && found->second.present;
    html += "<div>" + (known ? WithInterval(found->second, figure.digits) : std::string("<i>-</i>")) + "</div>";
  }
  const auto first = run.arms.empty() ? std::map<std::string, Estimate>::const_iterator() : run.arms[0].figures.find(figure.key);
  const bool known = !run.arms.empty() && first != run.arms[0].figures.end() && first->second.present;
  return NumberCell(html, known, known ? first->second.mean : 0);
}

std::string RunRow(const IndexedRun& run) {
  const bool reported = std::any_of(run.links.begin(), run.links.end(), [](const auto& link) { return link.first == "report"; });
  std::string arms, links;
  for (const IndexedRun::Arm& arm : run.arms) arms += "<div>" + EscapeHtml(Prose(arm.name)) + "</div>";
  for (const auto& [what, file] : run.links) links += Anchor(run.path + "/" + file, what);
  std::string out = "<tr>" + Cell(reported ? Anchor(RunPaths(run.path).Report().Html(), run.name) : EscapeHtml(run.name)) + State(run);
  out += NumberCell(Concat(run.seed), true, static_cast<double>(run.seed));
  out += Cell(EscapeHtml(Minutes(run.started)));
  out += NumberCell(Duration(run.duration_s), run.duration_s >= 0, run.duration_s) +
         NumberCell(Steps(run), run.steps >= 0, static_cast<double>(run.steps));
  out += Cell(arms) + Cell(EscapeHtml(Prose(run.set)));
  for (const FigureColumn& figure : FigureColumns()) out += FigureCell(run, figure);
  return out + Cell(links, "links") + "</tr>";
}

std::string GroupRow(const IndexedGroup& group) {
  std::string text = group.path.empty() ? "In this folder" : EscapeHtml(group.path);
  text += Concat(": ", group.runs.size(), group.runs.size() == 1 ? " run" : " runs");
  if (group.has_comparison) text += ", " + Anchor(ReportPaths(group.path).Html(), "compared");
  const size_t columns = std::size(kHeads) + FigureColumns().size() + 1;  // and the links
  return Concat("<tr data-group=\"1\"><th scope=\"rowgroup\" colspan=\"", columns, "\">", text, "</th></tr>");
}

std::string Table(const RunIndex& index) {
  std::string out =
      "<div class=\"scroll\" role=\"region\" aria-label=\"Runs\" tabindex=\"0\"><table class=\"index\"><caption>Figures: all intents of "
      "the "
      "set, after training, with 95 % bootstrap intervals over its prompts; a line an arm.</caption><thead><tr>";
  for (const char* head : kHeads) out += Concat("<th scope=\"col\" data-sort=\"1\">", head, "</th>");
  for (const FigureColumn& figure : FigureColumns()) out += Concat("<th scope=\"col\" data-sort=\"1\" class=\"n\">", figure.label, "</th>");
  out += "<th scope=\"col\">files</th></tr></thead>";
  for (const IndexedGroup& group : index.groups) {
    out += "<tbody>" + GroupRow(group);
    for (const IndexedRun& run : group.runs) out += RunRow(run);
    out += "</tbody>";
  }
  return out + "</table></div>\n";
}

// "9 runs: 7 done, 1 failed, 1 running"
std::string Counts(const RunIndex& index) {
  std::map<std::string, int> states;
  int runs = 0;
  for (const IndexedGroup& group : index.groups) {
    for (const IndexedRun& run : group.runs) ++states[run.state], ++runs;
  }
  std::string text = Concat(runs, runs == 1 ? " run" : " runs");
  const char* before = ": ";
  for (const auto& [state, count] : states) {
    text += Concat(before, count, " ", state);
    before = ", ";
  }
  return text;
}

}  // namespace

std::string RenderHtml(const RunIndex& index) {
  std::string body = "<header><h1>Runs</h1><p class=\"sub\">" + EscapeHtml(Counts(index)) + ", in <code>" + EscapeHtml(index.folder) +
                     "</code></p></header>\n";
  body +=
      index.groups.empty() ? "<p>No run here. A run's folder is &lt;run.dir&gt;/&lt;run.name&gt; and has a run.json.</p>\n" : Table(index);
  if (!index.left_out.empty()) {
    body += "<section id=\"left-out\"><h2>Left out</h2><ul>";
    for (const auto& [path, why] : index.left_out) body += "<li><code>" + EscapeHtml(path) + "</code>: " + EscapeHtml(why) + "</li>";
    body += "</ul></section>\n";
  }
  body +=
      "<p class=\"note\">As the folders were when this was written;  temper index  writes it again. Several runs side by side: temper "
      "compare.</p>\n";
  return HtmlPage("Runs", body, kScript);
}

}  // namespace temper
