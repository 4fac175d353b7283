#pragma once

#include <string>
#include <vector>

#include "evaluation/estimate.h"

namespace temper {

// The plane of over-refusal and safety: what a policy pays for being safe where it matters by refusing where it does not. x: share refused
// of prompts that should be answered; y: share of safe answers to those that should not be complied with. Who always refuses is at (1, 1).

struct PlaneMark {
  std::string label;        // the suite, the arm
  std::string style_class;  // as in views/page/svg.h
  Estimate over_refusal, safe;
  bool named = false;  // its label stands beside it
};

struct PlanePanel {
  std::string title;
  std::vector<PlaneMark> marks;  // one of which a figure is undefined is named beneath, not drawn
};

// The panels side by side, axes from 0 to 1, under a heading; "" where no mark of them can be drawn.
std::string HtmlPlane(const std::vector<PlanePanel>& panels);

}  // namespace temper
