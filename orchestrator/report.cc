#include "orchestrator/report.h"

#include "orchestrator/report_data.h"
#include "orchestrator/report_files.h"
#include "orchestrator/report_render.h"

namespace temper {

std::string WriteReport(const RunRecord& record, const std::string& folder) {
  const Report report = BuildReport(record);
  WriteWholeFile(folder + "/report.json", RenderJson(report));
  WriteWholeFile(folder + "/report.html", RenderHtml(report));
  WriteWholeFile(folder + "/eval_cells.csv", RenderCellsCsv(report));
  return RenderText(report);
}

}  // namespace temper
