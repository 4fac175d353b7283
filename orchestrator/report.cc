#include "orchestrator/report.h"

#include "orchestrator/report_data.h"
#include "orchestrator/report_files.h"
#include "orchestrator/report_render.h"

namespace temper {

TraceTimeline ReadTimeline(const std::string& run_folder) {
  if (!HasTrace(run_folder)) return {};  // monitor.cluster_log_s 0
  return BuildTimeline(ReadTrace(run_folder));
}

std::string WriteReport(const RunRecord& record, const std::string& folder, const TraceTimeline& timeline) {
  const Report report = BuildReport(record, timeline);
  WriteWholeFile(folder + "/report.json", RenderJson(report));
  WriteWholeFile(folder + "/report.html", RenderHtml(report));
  WriteWholeFile(folder + "/eval_cells.csv", RenderCellsCsv(report));
  return RenderText(report);
}

}  // namespace temper
