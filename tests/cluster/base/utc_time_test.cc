#include "cluster/base/utc_time.h"

#include <cstdlib>

#include <gtest/gtest.h>

#include "cluster/base/clock.h"

namespace temper {
namespace {

// date -u -d @951782400 and so on.
TEST(UtcTime, WritesTheSecond) {
  EXPECT_EQ(UtcText(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(UtcText(951782400), "2000-02-29T00:00:00Z");
  EXPECT_EQ(UtcText(1769903999.999), "2026-01-31T23:59:59Z") << "what is begun of a second does not count";
}

TEST(UtcTime, WritesMilliseconds) {
  EXPECT_EQ(UtcTextMillis(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(UtcTextMillis(1769903999.25), "2026-01-31T23:59:59.250Z");
  EXPECT_EQ(UtcTextMillis(1769903999.9999), "2026-01-31T23:59:59.999Z");
}

TEST(UtcTime, ReadsWhatItWrites) {
  EXPECT_EQ(ParseUtc("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(ParseUtc("2000-02-29T00:00:00Z"), 951782400);
  EXPECT_EQ(ParseUtc(UtcText(1769903999)), 1769903999);
}

TEST(UtcTime, ReadsNothingElse) {
  for (const char* text : {"", "2026-01-31", "2026-01-31T23:59:59", "2026-13-31T23:59:59Z", "2026-01-31T23:59:59Z ", "now"}) {
    EXPECT_EQ(ParseUtc(text), std::nullopt) << text;
  }
}

TEST(UtcTime, NowIsNow) {
  const double before = WallSeconds();
  const auto now = ParseUtc(UtcNow());
  ASSERT_TRUE(now.has_value());
  EXPECT_GE(*now, before - 1);
  EXPECT_LE(*now, WallSeconds());
}

TEST(UtcTime, OfARecordIsWhatTheEnvironmentSays) {
  setenv("SOURCE_DATE_EPOCH", "951782400", 1);
  EXPECT_EQ(UtcOfRecord(), "2000-02-29T00:00:00Z");
  for (const char* none : {"", "today", "-1", "1e300", "951782400 "}) {
    setenv("SOURCE_DATE_EPOCH", none, 1);
    EXPECT_GE(*ParseUtc(UtcOfRecord()), WallSeconds() - 2) << none;
  }
  unsetenv("SOURCE_DATE_EPOCH");
  EXPECT_GE(*ParseUtc(UtcOfRecord()), WallSeconds() - 2);
}

}  // namespace
}  // namespace temper
