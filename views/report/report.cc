#include "views/report/report.h"

#include "cluster/base/report_files.h"
#include "record/run_paths.h"
#include "views/report/render.h"
#include "views/report/report_data.h"

namespace temper {

std::string WriteReport(const RunRecord& record, const std::string& folder, const TraceTimeline& timeline) {
  const ReportPaths paths(folder);
  const Report report = BuildReport(record, timeline);
  WriteWholeFile(paths.Json(), RenderJson(report));
  WriteWholeFile(paths.Html(), RenderHtml(report));
  WriteWholeFile(paths.EvalCells(), RenderCellsCsv(report));
  return RenderText(report);
}

}  // namespace temper
