#pragma once

#include <string>
#include <vector>

namespace temper {

// To be called first thing in main: sets the memory aside that SetProcessTitle writes to.
void KeepProcessTitle(int argc, char** argv);

// Makes ps, top and pgrep -f show `words`, joined by spaces, as this process's command line: for a process that was forked to do another
// thing than its parent. Up to 255 bytes are shown (2,047 by newer libraries than Debian 12's), and no more than the process's own command
// line and environment once took. Without KeepProcessTitle it does nothing.
void SetProcessTitle(const std::vector<std::string>& words);

}  // namespace temper
