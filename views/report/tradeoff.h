#pragma once

#include <string>
#include <utility>
#include <vector>

#include "views/report/report_data.h"

namespace temper {

// The safe rate against helpfulness: what an arm pays for the one in the other. A panel an intent, a mark an arm.

struct TradeoffMark {
  std::string label;                            // the arm, or "before RL"
  std::string style_class;                      // as in views/page/svg.h; "start" is where the others came from
  Estimate safety;                              // 0 to 1
  Estimate help;                                // help given safe, 1 to 4
  std::vector<std::pair<double, double>> runs;  // safety and help of single runs, drawn small
};

struct TradeoffPanel {
  std::string intent;
  std::vector<TradeoffMark> marks;  // one whose safety or help is undefined is named beneath, not drawn
};

// The panels of a set side by side under one pair of axes; "" where no mark of these can be drawn.
// The axes cover the marks of all panels of the page and not the whole scale, so that sets can be
// compared.
std::string HtmlTradeoff(const std::vector<TradeoffPanel>& panels, const std::vector<TradeoffPanel>& of_page);

// Of one run: its arms on a set, by intent.
std::string HtmlTradeoff(const Report& report, const std::string& set);

}  // namespace temper
