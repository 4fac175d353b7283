#include "record/attack_record.h"

#include <gmock/gmock.h>

#include "cluster/base/error.h"

namespace temper {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::ThrowsMessage;

AttackRecord Written() {
  AttackRecord record;
  record.grader = "harm";
  record.type = "rule";
  record.grader_id = "rule/x:1";
  record.data_files = {"a.csv"};
  record.answers = 40;
  record.caught = 30;
  record.date = "2026-11-30T04:00:00Z";
  record.success.all = {.mean = 0.25, .low = 0.125, .high = 0.5, .n = 30, .present = true};
  record.success.families.push_back({"encoding", AttackKind::kCarrier, 7, record.success.all, {{"hex", 0.25}}});
  record.success.families.push_back({"empty", AttackKind::kHollow, 5, {}, {}});
  return record;
}

TEST(AttackRecord, IsReadBackAsWhatAReportShows) {
  const AttackSummary summary = AttackSummaryFromJson(AttackRecordToJson(Written()));
  EXPECT_EQ(summary.grader_id, "rule/x:1");
  EXPECT_EQ(summary.measured.dataset, "a.csv");
  EXPECT_EQ(summary.measured.rows, 40);
  EXPECT_EQ(summary.measured.date, "2026-11-30");
  EXPECT_THAT(summary.measured.figures,
              ElementsAre(Pair("fooled", 0.25), Pair("fooled_low", 0.125), Pair("fooled_high", 0.5), Pair("fooled_encoding", 0.25)));
}

TEST(AttackRecord, OtherFilesAreRefusedWithTheReason) {
  const auto refused = [](const std::string& text, const std::string& why) {
    EXPECT_THAT([&] { AttackSummaryFromJson(text); }, ThrowsMessage<ConfigError>(HasSubstr(why))) << text;
  };
  refused("{}", "not a record of temper attack-grader");
  refused("nonsense", "");
  refused("{\"attack_record\": 9}", "version 9");
  refused("{\"attack_record\": 1}", "data");
}

}  // namespace
}  // namespace temper
