#pragma once

#include <string>

namespace temper {

// From now on a signal that ends this process for a fault (SIGSEGV, SIGBUS, SIGFPE, SIGILL,
// SIGABRT) first appends the stack that it met to the log file. So a crash leaves a trace, and so
// does a process that hangs and is sent SIGABRT. Frames are addresses in the program and in
// libraries; the last line says how to turn them into names. Without a file that can be opened
// nothing changes.
void DumpStackOnCrash(const std::string& log_file);

}  // namespace temper
