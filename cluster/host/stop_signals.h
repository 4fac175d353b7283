#pragma once

#include <sys/types.h>

namespace temper {

// The signals that ask a process to stop: SIGTERM (kill, Slurm), SIGINT (Ctrl-C) and SIGUSR1 (what mpirun passes on to its ranks at once).
// A process chooses once what becomes of them; all functions are for one thread.

// The job's way: the first signal is counted, and the job stops at its next step edge (StopRequested). One that comes more than a second
// later ends the process at once with kExitRetry.
void StopAtStopSignal();

// The launcher's way: signals are counted and passed on to the child of PassStopSignalsTo, the first as SIGUSR1, every later one as
// SIGTERM.
void PassStopSignalsOn();
// Names the child, -1 = none. A signal that came before there was one is passed on now.
void PassStopSignalsTo(pid_t child);

// Nothing becomes of them: another process decides when this one ends.
void IgnoreStopSignals();
// Each ends the process, as it was before: for a child on its way to another program.
void ResetStopSignals();

// Signals counted so far.
int NumStopSignals();
inline bool StopRequested() { return NumStopSignals() > 0; }

}  // namespace temper
