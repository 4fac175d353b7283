#pragma once

namespace temper {

// The signals that ask a process to stop: SIGTERM (kill, Slurm), SIGINT (Ctrl-C), SIGHUP (the terminal was closed) and SIGUSR1 (what mpirun
// passes on to its ranks at once). A process chooses once what becomes of them; all functions are for one thread.
//
// Signals that come in a burst are one wish: timeout(1), supervisors and Slurm send two. The first is answered on standard error with what
// happens now. Only one that comes more than a second after this answer asks for the end at once. SIGHUP stays ignored where the process
// was started so (nohup).

enum class StopWish {
  kNone,
  kInOrder,  // at the next step's edge, with a checkpoint
  kAtOnce,   // without
};

// The job's way: it stops at its next step edge (StopRequested). A later TERM, INT or HUP ends the process at once with kExitRetry. USR1 is
// what a launcher sends, which answers itself: it is neither answered nor ends the process.
void StopAtStopSignal();

// The launcher's way: signals become a wish, and the launcher sees to its job. SIGPIPE is ignored: that nobody reads any more is found when
// writing.
void NoteStopSignals();
StopWish StopWished();
inline bool StopRequested() { return StopWished() != StopWish::kNone; }
// The process itself wishes to stop, for the reason that it gives; nothing where a wish is there already.
void WishToStop(const char* reason);

// Signals wait until one of the ways here is chosen, or until they are released. While a program
// loads, it can neither answer them nor write a checkpoint, and a signal that ended it would look
// like a failure.
void HoldStopSignals();
void ReleaseStopSignals();

// Nothing becomes of them: another process decides when this one ends.
void IgnoreStopSignals();
// Each ends the process, as it was before: for a child on its way to another program.
void ResetStopSignals();

}  // namespace temper
