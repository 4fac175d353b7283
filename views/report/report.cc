#include "views/report/report.h"

#include "cluster/base/file.h"
#include "views/report/render.h"
#include "views/report/report_data.h"

namespace temper {

std::string WriteReport(const RunRecord& record, const std::string& folder, const TraceTimeline& timeline) {
  const Report report = BuildReport(record, timeline);
  WriteFile(folder + "/report.json", RenderJson(report));
  WriteFile(folder + "/report.html", RenderHtml(report));
  WriteFile(folder + "/eval_cells.csv", RenderCellsCsv(report));
  return RenderText(report);
}

}  // namespace temper
