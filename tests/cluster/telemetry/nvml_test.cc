// The GPUs a process reports, asked of a library with the driver's interface, and of none.
#include "cluster/telemetry/nvml.h"

#include <cstdlib>

#include <gmock/gmock.h>

namespace temper {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class NvmlTest : public ::testing::Test {
 protected:
  void SetUp() override {
    unsetenv("CUDA_VISIBLE_DEVICES");
    unsetenv("FAKE_NVML");
  }
  void TearDown() override { SetUp(); }
};

TEST_F(NvmlTest, ReportsUseAndMemoryOfEveryGpu) {
  Nvml nvml(TEMPER_FAKE_NVML);
  const auto gpus = nvml.Sample();
  ASSERT_THAT(gpus, SizeIs(3));
  EXPECT_EQ(gpus[2].index, 2);
  EXPECT_EQ(gpus[2].util_percent, 25);
  EXPECT_EQ(gpus[2].memory_used_bytes, int64_t{3} << 30);
  EXPECT_EQ(gpus[2].memory_total_bytes, int64_t{8} << 30);
}

TEST_F(NvmlTest, ReportsOnlyTheGpusTheProcessMaySee) {
  setenv("CUDA_VISIBLE_DEVICES", "1", 1);
  const auto one = Nvml(TEMPER_FAKE_NVML).Sample();
  ASSERT_THAT(one, SizeIs(1));
  EXPECT_EQ(one[0].index, 1);
  setenv("CUDA_VISIBLE_DEVICES", "", 1);
  EXPECT_THAT(Nvml(TEMPER_FAKE_NVML).Sample(), IsEmpty());
  setenv("CUDA_VISIBLE_DEVICES", "GPU-8f3c", 1);  // named by id: shown are all
  EXPECT_THAT(Nvml(TEMPER_FAKE_NVML).Sample(), SizeIs(3));
}

TEST_F(NvmlTest, ReportsNothingWhereThereIsNoLibraryOrItFails) {
  EXPECT_THAT(Nvml("libno-such-library.so.1").Sample(), IsEmpty());
  setenv("FAKE_NVML", "init", 1);
  EXPECT_THAT(Nvml(TEMPER_FAKE_NVML).Sample(), IsEmpty());
  unsetenv("FAKE_NVML");
  Nvml nvml(TEMPER_FAKE_NVML);
  EXPECT_THAT(nvml.Sample(), SizeIs(3));
  setenv("FAKE_NVML", "lost", 1);
  EXPECT_THAT(nvml.Sample(), IsEmpty());
  unsetenv("FAKE_NVML");
  EXPECT_THAT(nvml.Sample(), IsEmpty()) << "once lost it is not asked again";
}

}  // namespace
}  // namespace temper
