#include "cluster/host/cores.h"

#include <gtest/gtest.h>
#include <sched.h>

namespace temper {
namespace {

TEST(Cores, AQuotaIsRead) {
  EXPECT_DOUBLE_EQ(CoresOfQuota("200000 100000"), 2);
  EXPECT_DOUBLE_EQ(CoresOfQuota("150000 100000\n"), 1.5);
  EXPECT_DOUBLE_EQ(CoresOfQuota("max 100000"), 0) << "no limit";
  for (const char* other : {"", "200000", "0 100000", "-1 100000", "200000 0", "a b"}) EXPECT_DOUBLE_EQ(CoresOfQuota(other), 0) << other;
}

TEST(Cores, AffinityIsKept) {
  cpu_set_t before, one;
  CPU_ZERO(&one);
  ASSERT_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
  int first = 0;
  while (!CPU_ISSET(first, &before)) ++first;
  CPU_SET(first, &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
  EXPECT_EQ(UsableCores(), 1);
  ASSERT_EQ(sched_setaffinity(0, sizeof(before), &before), 0);
  EXPECT_GE(UsableCores(), 1);
  EXPECT_LE(UsableCores(), CPU_COUNT(&before));
}

TEST(Cores, ProcessesShareThem) {
  EXPECT_EQ(ShareOfCores(4, 1, false), 4);
  EXPECT_EQ(ShareOfCores(4, 3, false), 1);
  EXPECT_EQ(ShareOfCores(4, 1, true), 2) << "half is the others'";
  EXPECT_EQ(ShareOfCores(1, 4, true), 1) << "never none";
  EXPECT_EQ(ShareOfCores(4, 0, false), 4);
  EXPECT_EQ(ShareOfCores(64, 1, false), 8) << "more cost memory and bring little";
}

}  // namespace
}  // namespace temper
