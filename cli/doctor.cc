// temper doctor: is what a job needs on this machine?
#include <cstdio>
#include <cstdlib>
#include <string>

#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cluster/base/error.h"
#include "cluster/collectives/communicator_nccl.h"
#include "cluster/collectives/versions.h"
#include "cluster/host/host_name.h"
#include "policy/kernels/compute_device.h"
#include "policy/kernels/torch_version.h"

namespace temper {
namespace {

constexpr double kMinShmMiB = 256;
constexpr rlim_t kMinFiles = 1024;

// Prints one line per check and remembers whether all were fine.
class Checks {
 public:
  void Line(bool fine, const std::string& what, const std::string& found, const std::string& advice) {
    std::printf("%-4s %-22s %s%s%s\n", fine ? "ok" : "BAD", what.c_str(), found.c_str(), fine ? "" : " -- ", fine ? "" : advice.c_str());
    all_fine_ &= fine;
  }
  void Note(const std::string& what, const std::string& found) { std::printf("%-4s %-22s %s\n", "--", what.c_str(), found.c_str()); }
  bool all_fine() const { return all_fine_; }

 private:
  bool all_fine_ = true;
};

// What `command` prints on its first line, "" when it fails.
std::string FirstLine(const std::string& command) {
  FILE* pipe = popen((command + " 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return "";
  char line[256] = {};
  const bool got = std::fgets(line, sizeof(line), pipe) != nullptr;
  const int status = pclose(pipe);
  std::string text = got && status == 0 ? line : "";
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

void CheckMpiRuns(Checks* checks) {
  const std::string root = geteuid() == 0 ? "--allow-run-as-root " : "";
  const std::string hello = FirstLine("mpirun " + root + "--oversubscribe -np 2 true && echo fine");
  checks->Line(hello == "fine", "mpirun -np 2", hello.empty() ? "does not run" : hello, "run it by hand to see why: mpirun -np 2 true");
}

void CheckSharedMemory(Checks* checks) {
  struct statvfs info {};
  const bool there = statvfs("/dev/shm", &info) == 0 && access("/dev/shm", W_OK) == 0;
  const double free_mib = there ? static_cast<double>(info.f_bavail) * static_cast<double>(info.f_frsize) / (1 << 20) : 0;
  checks->Line(there && free_mib >= kMinShmMiB, "/dev/shm", Concat(static_cast<int64_t>(free_mib), " MiB free"),
               "weights are published there: enlarge it (docker: --shm-size=1g), or set cluster.weight_folder");
}

void CheckFiles(Checks* checks) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  checks->Line(limit.rlim_cur >= kMinFiles, "open files (ulimit -n)", Concat(limit.rlim_cur), "raise it: ulimit -n 4096");
}

int DoctorCommand() {
  Checks checks;
  checks.Note("temper", TemperVersion() + ", compiled by " + CompilerVersion());
  checks.Note("host", HostDescription());
  const std::string compiler = FirstLine("c++ --version");
  checks.Line(!compiler.empty(), "compiler", compiler.empty() ? "none" : compiler, "needed to build: apt-get install g++");
  checks.Note("LibTorch", TorchVersion());
  checks.Note("MPI", MpiVersion());
  CheckMpiRuns(&checks);
  checks.Note("ZeroMQ", ZeroMqVersion());
  checks.Note("NCCL", NcclVersionText());
  checks.Note("GPUs", GpuDescription());
  CheckSharedMemory(&checks);
  CheckFiles(&checks);
  std::printf("%s\n", checks.all_fine() ? "all fine" : "something is missing, see BAD above");
  return checks.all_fine() ? kExitDone : kExitFound;
}

}  // namespace

void AddDoctorCommand(const CommandContext& context) {
  AddCommand(context, "doctor", "checks compiler, MPI, LibTorch, NCCL, shared memory, limits and GPUs",
             {{"temper doctor", "on each host that jobs will run on; exits with 1 where something is missing"}}, DoctorCommand);
}

}  // namespace temper
