#include "views/report/report.h"

#include "cluster/base/report_files.h"
#include "views/report/render.h"
#include "views/report/report_data.h"

namespace temper {

std::string WriteReport(const RunRecord& record, const std::string& folder, const TraceTimeline& timeline) {
  const Report report = BuildReport(record, timeline);
  WriteWholeFile(folder + "/report.json", RenderJson(report));
  WriteWholeFile(folder + "/report.html", RenderHtml(report));
  WriteWholeFile(folder + "/eval_cells.csv", RenderCellsCsv(report));
  return RenderText(report);
}

}  // namespace temper
