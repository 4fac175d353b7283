#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "views/live/run_view.h"

namespace temper {

struct TopStyle {
  size_t width = 80;  // columns and lines there are, at least 40 and 10
  size_t height = 24;
  bool color = false;
  bool unicode = false;
  std::string title = "temper top";  // the command that shows it
};

// One picture of a run for a terminal: at most style.height lines, none wider than style.width columns and none with a line end. What
// comes from outside (names, states, warnings) is escaped. Queues, rates and processes are those of a job that is alive.
std::vector<std::string> RenderTop(const RunView& view, const TopStyle& style);

}  // namespace temper
