#include "cluster/host/limits.h"

#include <functional>

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

// In a process of its own: a limit cannot be taken back. Its exit code; 100 + the signal that ended it.
int InChild(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

void Set(int resource, rlim_t value) {
  const struct rlimit limit { value, value };
  setrlimit(resource, &limit);
}

// 0 when CheckLimits names the flag and the value.
int Refuses(int resource, rlim_t value, const std::string& words) {
  return InChild([&] {
    Set(resource, value);
    try {
      CheckLimits();
    } catch (const ConfigError& error) {
      return std::string(error.what()).find(words) != std::string::npos ? 0 : 2;
    }
    return 1;
  });
}

TEST(Limits, SmallOnesAreNamed) {
  EXPECT_EQ(Refuses(RLIMIT_NOFILE, 64, "ulimit -n: 64 open files, and a job needs 128"), 0);
  EXPECT_EQ(Refuses(RLIMIT_FSIZE, rlim_t{5} << 20, "ulimit -f: 5 MiB a file, and a job needs 64"), 0);
  EXPECT_EQ(Refuses(RLIMIT_AS, rlim_t{500} << 20, "ulimit -v: 500 MiB of memory, and a job needs 1024"), 0);
}

TEST(Limits, AFileThatMayNotGrowIsAnErrorAndNoEnd) {
  const TempFolder folder;
  EXPECT_EQ(InChild([&] {
              UseLimits();
              Set(RLIMIT_FSIZE, 1000);
              return TryWriteFile(folder / "file", std::string(5000, 'x')) == "File too large" ? 0 : 1;
            }),
            0);
}

TEST(Limits, AsManyFilesAsTheHardLimitAllows) {
  EXPECT_EQ(InChild([] {
              const struct rlimit before { 100, 200 };
              setrlimit(RLIMIT_NOFILE, &before);
              UseLimits();
              struct rlimit after {};
              getrlimit(RLIMIT_NOFILE, &after);
              return after.rlim_cur == 200 ? 0 : 1;
            }),
            0);
}

}  // namespace
}  // namespace temper
