#include "orchestrator/launch/mpirun_output.h"

#include <gtest/gtest.h>

namespace temper {
namespace {

const std::string kRule(74, '-');

std::string Box(const std::string& text) { return kRule + "\n" + text + "\n" + kRule + "\n"; }

// All of it, byte by byte as much as in one piece.
std::string Shown(const std::string& output) {
  MpirunOutput whole;
  std::string shown = whole.Feed(output);
  shown += whole.Finish();
  MpirunOutput pieces;
  std::string again;
  for (const char c : output) again += pieces.Feed(std::string(1, c));
  again += pieces.Finish();
  EXPECT_EQ(again, shown);
  return shown;
}

// As Open MPI 4.1.4 words them.
const std::string kNormally =
    Box("Primary job  terminated normally, but 1 process returned\na non-zero exit code. Per user-direction, the job has been aborted.");
const std::string kNonZero =
    Box("mpirun detected that one or more processes exited with non-zero status, thus causing\nthe job to be terminated. The first process "
        "to do so was:\n\n  Process name: [[5024,1],0]\n  Exit code:    85");
const std::string kAbort =
    Box("MPI_ABORT was invoked on rank 0 in communicator MPI_COMM_WORLD\nwith errorcode 75.\n\nNOTE: invoking MPI_ABORT causes Open MPI to "
        "kill "
        "all MPI processes.\nYou may or may not see output from other processes, depending on\nexactly when Open MPI kills them.");

TEST(MpirunOutput, LeavesOutWhatItSaysAboutAnExitCode) {
  EXPECT_EQ(Shown("temper: a mistake\n" + kNormally + kNonZero), "temper: a mistake\n");
  EXPECT_EQ(Shown(kAbort + "temper: error: gone\n"), "temper: error: gone\n");
  EXPECT_EQ(Shown("[vm:1] 2 more processes have sent help message help-mpi-api.txt / mpi-abort\n"
                  "[vm:1] Set MCA parameter \"orte_base_help_aggregate\" to 0 to see all help / error messages\n"
                  "[vm:32256] [[4862,0],0] ORTE_ERROR_LOG: Out of resource in file ../orte/util/show_help.c at line 501\n"),
            "");
  EXPECT_EQ(Shown("mpirun: Forwarding signal 10 to job\nmore\n"), "more\n");
}

TEST(MpirunOutput, KeepsTheSentenceAboutASignal) {
  EXPECT_EQ(Shown(kNormally + Box("mpirun noticed that process rank 2 with PID 0 on node vm exited on signal 9 (Killed).")),
            "mpirun noticed that process rank 2 with PID 0 on node vm exited on signal 9 (Killed).\n");
}

TEST(MpirunOutput, ShowsMpirunsOwnFailures) {
  const std::string failure =
      Box("mpirun was unable to launch the specified application as it could not access\nor execute an executable:");
  EXPECT_EQ(Shown(failure), failure);
  const std::string other = "[vm:1] 2 more processes have sent help message help-orte.txt / out-of-memory\n";
  EXPECT_EQ(Shown(other), other);
  const std::string log = "[vm:1] [[4862,0],0] ORTE_ERROR_LOG: Out of resource in file plm.c at line 5\n";
  EXPECT_EQ(Shown(log), log);
}

TEST(MpirunOutput, HoldsNothingBackForGood) {
  for (const std::string text : {"[", "-", "", "no end of line", "--- a rule?\n", "[####....] step:3"}) EXPECT_EQ(Shown(text), text);
  const std::string torn = kRule + "\nPrimary job  terminated normally, but";
  EXPECT_EQ(Shown(torn), torn);
  std::string endless = kRule + "\n";
  for (int i = 0; i < 1000; ++i) endless += "line\n";
  EXPECT_EQ(Shown(endless), endless);
}

TEST(MpirunOutput, PassesOrdinaryTextOnAtOnce) {
  MpirunOutput output;
  EXPECT_EQ(output.Feed("\r[###...] step:3"), "\r[###...] step:3") << "a bar has no end of line";
  EXPECT_EQ(output.Feed("/100\n2026 warn"), "/100\n2026 warn");
  EXPECT_EQ(output.Feed(" - [ -"), " - [ -");
}

}  // namespace
}  // namespace temper
