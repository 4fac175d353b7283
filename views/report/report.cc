#include "views/report/report.h"

#include "cluster/base/file.h"
#include "record/run_paths.h"
#include "views/report/render.h"
#include "views/report/report_data.h"

namespace temper {

std::string WriteReport(const RunRecord& record, const std::string& folder, const TraceTimeline& timeline) {
  const ReportPaths paths(folder);
  const Report report = BuildReport(record, timeline);
  WriteFile(paths.Json(), RenderJson(report));
  WriteFile(paths.Html(), RenderHtml(report));
  WriteFile(paths.EvalCells(), RenderCellsCsv(report));
  return RenderText(report);
}

}  // namespace temper
