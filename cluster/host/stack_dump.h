#pragma once

#include <string>

namespace temper {

// From now on a signal that ends this process for a fault (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT) appends the stack that it met to the
// log file before it ends the process: a crash, and a process that hangs and is sent SIGABRT, leave a trace. Frames are addresses in the
// program and in libraries; the last line says how to turn them into names. Without a file that can be opened nothing changes.
void DumpStackOnCrash(const std::string& log_file);

}  // namespace temper
