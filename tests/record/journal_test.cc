#include "record/journal.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "cluster/base/error.h"
#include "cluster/base/log.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;
using Kind = JournalRecord::Kind;

uint64_t Id(int64_t step, int64_t index) { return static_cast<uint64_t>(step) << 20 | static_cast<uint64_t>(index); }

JournalRecord Attempt(int64_t step) { return {Kind::kAttempt, step, 0, "", "", {}}; }
JournalRecord Issued(uint64_t id, const std::string& prompt = "p") { return {Kind::kIssued, 0, id, prompt, "", {}}; }
JournalRecord Generated(uint64_t id, const std::string& payload = "g") { return {Kind::kGenerated, 0, id, "", payload, {}}; }
JournalRecord Graded(uint64_t id, const std::string& payload = "r") { return {Kind::kGraded, 0, id, "", payload, {}}; }
JournalRecord Consumed(int64_t step, const std::vector<uint64_t>& ids) { return {Kind::kConsumed, step, 0, "", "", ids}; }

class JournalTest : public testing::Test {
 protected:
  void Write(const std::vector<JournalRecord>& records) {
    Journal journal(path_);
    for (const JournalRecord& record : records) journal.Append(record);
    journal.Sync();
  }
  // The payload of every record, and the torn bytes.
  std::vector<std::string> Payloads(uint64_t* torn = nullptr) {
    std::vector<std::string> payloads;
    const uint64_t left = ReadJournal(path_, [&](const JournalRecord& r) { payloads.push_back(r.payload); });
    if (torn != nullptr) *torn = left;
    return payloads;
  }
  // A whole issue-generate-grade history of one group.
  static void AddGroup(std::vector<JournalRecord>* records, uint64_t id) {
    for (const JournalRecord& record : {Issued(id), Generated(id), Graded(id)}) records->push_back(record);
  }

  TempFolder folder_;
  std::string path_ = folder_ / "journal.bin";
};

TEST_F(JournalTest, ReadsBackWhatWasAppendedOverSeveralOpenings) {
  JournalRecord all{Kind::kConsumed, 7, 9, "prompt \n 1", std::string("a\0b", 3), {1, 2, 3}};
  Write({all});
  Write({Attempt(3)});
  std::vector<JournalRecord> records;
  EXPECT_EQ(ReadJournal(path_, [&](const JournalRecord& r) { records.push_back(r); }), 0u);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].kind, all.kind);
  EXPECT_EQ(records[0].step, all.step);
  EXPECT_EQ(records[0].group_id, all.group_id);
  EXPECT_EQ(records[0].prompt_id, all.prompt_id);
  EXPECT_EQ(records[0].payload, all.payload);
  EXPECT_EQ(records[0].consumed, all.consumed);
  EXPECT_EQ(records[1].step, 3);
}

TEST_F(JournalTest, AMissingFileHasNoRecords) {
  EXPECT_EQ(ReadJournal(folder_ / "none", [](const JournalRecord&) { FAIL(); }), 0u);
  EXPECT_THROW(Journal(folder_ / "no/such/folder/journal.bin"), Error);
}

TEST_F(JournalTest, ATailTornAtAnyByteIsCutAndTheJournalGoesOn) {
  Write({Generated(1, "first")});
  const std::string first = ReadBytes(path_);
  Write({Generated(2, "second")});
  const std::string both = ReadBytes(path_);
  for (size_t size = first.size() + 1; size < both.size(); ++size) {
    WriteBytes(path_, both.substr(0, size));
    uint64_t torn = 0;
    EXPECT_THAT(Payloads(&torn), ElementsAre("first"));
    EXPECT_EQ(torn, size - first.size());
    Write({Generated(3, "third")});
    EXPECT_THAT(Payloads(&torn), ElementsAre("first", "third")) << size;
    EXPECT_EQ(torn, 0u);
  }
}

TEST_F(JournalTest, ZerosAfterAPowerFailureAreATornTail) {
  Write({Generated(1, "first")});
  const std::string first = ReadBytes(path_);
  for (const size_t zeros : {1, 12, 100}) {
    WriteBytes(path_, first + std::string(zeros, '\0'));
    uint64_t torn = 0;
    EXPECT_THAT(Payloads(&torn), ElementsAre("first"));
    EXPECT_EQ(torn, zeros);
  }
}

// What group results are made of: numbers of four bytes, most of them small, each of which could be the length of a record.
std::string GroupNumbers(size_t bytes) {
  std::string payload;
  for (uint32_t token = 0; payload.size() < bytes; ++token) {
    const uint32_t value = token * 2654435761U % 50'000;
    payload.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  return payload;
}

// To find out that nothing whole follows takes work that grows with the bytes, not with their square.
TEST_F(JournalTest, ALongRecordCutShortIsReadInLinearTime) {
  Write({Generated(1, "first")});
  const size_t first = ReadBytes(path_).size();
  constexpr size_t kLong = 12'600'000;
  Write({Generated(2, GroupNumbers(kLong))});
  WriteBytes(path_, ReadBytes(path_).substr(0, first + kLong - 100));
  uint64_t torn = 0;
  EXPECT_THAT(Payloads(&torn), ElementsAre("first"));
  EXPECT_EQ(torn, kLong - 100);
  const IntactRecord found = FindIntactRecord(GroupNumbers(kLong));
  EXPECT_FALSE(found.may_be_there);
  EXPECT_LE(found.hashed_bytes, kLong);
}

// Bytes made so that a record could begin at each of many places: the search gives up, and the careful answer is that one may be there.
TEST(FindIntactRecord, WorkIsBoundedWhateverTheBytesAre) {
  const auto field = [](auto value) { return std::string(reinterpret_cast<const char*>(&value), sizeof(value)); };
  std::string bytes;
  constexpr size_t kSize = 1'000'000;
  constexpr size_t kEach = 12 + 17 + 3 * 8;  // a record's head and its fixed fields, around an empty rest
  for (size_t n = 0; n < 10'000; ++n) {      // each claims all that comes behind it as its consumed ids
    const uint64_t ids = (kSize - bytes.size() - kEach) / 8;
    bytes += field(static_cast<uint32_t>(17 + 3 * 8 + 8 * ids)) + field(uint64_t{0}) + field(Kind::kIssued) + field(int64_t{0}) +
             field(uint64_t{0}) + field(uint64_t{0}) + field(uint64_t{0}) + field(ids);
  }
  bytes.resize(kSize);
  const IntactRecord found = FindIntactRecord(bytes);
  EXPECT_TRUE(found.may_be_there);
  EXPECT_GT(found.hashed_bytes, 8 * kSize);
  EXPECT_LE(found.hashed_bytes, 9 * kSize);
}

TEST_F(JournalTest, WhatIsNoFileIsRefusedAtOnce) {
  std::filesystem::create_directory(folder_ / "folder");
  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  std::filesystem::create_symlink("loop", folder_ / "loop");
  for (const auto& [name, why] : {std::pair("folder", "it is a folder"), std::pair("pipe", "it is a pipe"),
                                  std::pair("loop", "it is a link that leads in a circle")}) {
    EXPECT_THAT([&] { ReadJournal(folder_ / name, [](const JournalRecord&) {}); }, ThrowsMessage<ConfigError>(HasSubstr(why)));
    EXPECT_THAT([&] { CheckJournalVersion(folder_ / name); }, ThrowsMessage<ConfigError>(HasSubstr(why)));
  }
}

// Any flipped bit before the last record, its length field included, must be found and not taken for a torn end.
TEST_F(JournalTest, EveryFlippedBitInTheMiddleIsRefusedNamingTheOffset) {
  Write({Generated(1, "first")});
  const size_t first = ReadBytes(path_).size();
  Write({Generated(2, "second")});
  const size_t second = ReadBytes(path_).size();
  Write({Generated(3, "third")});
  const std::string good = ReadBytes(path_);
  for (size_t bit = first * 8; bit < second * 8; ++bit) {
    std::string bytes = good;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    WriteBytes(path_, bytes);
    try {
      Payloads();
      FAIL() << "bit " << bit;
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), HasSubstr(Concat("damaged at byte ", first, ";")));
    }
    EXPECT_THROW(Journal{path_}, ConfigError);
    EXPECT_EQ(ReadBytes(path_).size(), good.size());  // nothing was cut
  }
}

TEST_F(JournalTest, RecoversTheNewestPayloadsOfTheStepsToCome) {
  Write({Attempt(0), Issued(Id(1, 0), "a"), Generated(Id(1, 0), "g1"), Graded(Id(1, 0), "r1"),  //
         Issued(Id(2, 0), "b"), Generated(Id(2, 0), "g2"), Graded(Id(2, 0), "r2"),              //
         Issued(Id(2, 1), "c"), Generated(Id(2, 1), "g3"), Issued(Id(3, 0), "d"), Consumed(1, {Id(1, 0)})});
  auto groups = RecoverGroups(path_, 2);
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_EQ(groups[Id(2, 0)].prompt_id, "b");
  EXPECT_EQ(groups[Id(2, 0)].generated, "g2");
  EXPECT_EQ(groups[Id(2, 0)].graded, "r2");
  EXPECT_EQ(groups[Id(2, 1)].generated, "g3");
  EXPECT_EQ(groups[Id(2, 1)].graded, "");
  EXPECT_EQ(groups[Id(3, 0)].prompt_id, "d");
  EXPECT_EQ(groups[Id(3, 0)].generated, "");
  // Issued again in a second attempt: what the first one had of it no longer holds.
  Write({Attempt(2), Issued(Id(2, 0), "b")});
  EXPECT_EQ(RecoverGroups(path_, 2)[Id(2, 0)].generated, "");
  EXPECT_THAT(RecoverGroups(path_, 4), IsEmpty());
}

TEST_F(JournalTest, SummarizesASoundHistoryWithoutViolations) {
  std::vector<JournalRecord> records{Attempt(0)};
  for (int64_t step = 0; step < 3; ++step) {
    AddGroup(&records, Id(step, 0));
    AddGroup(&records, Id(step, 1));
    records.push_back(Consumed(step, {Id(step, 0), Id(step, 1)}));
  }
  records.push_back(Attempt(2));  // died after step 2; the checkpoint was at 2, so that step is done again
  AddGroup(&records, Id(2, 0));
  AddGroup(&records, Id(2, 1));
  records.push_back(Consumed(2, {Id(2, 0)}));
  records.push_back(Issued(Id(3, 0)));
  Write(records);
  const JournalSummary summary = SummarizeJournal(path_);
  EXPECT_THAT(summary.violations, IsEmpty());
  EXPECT_EQ(summary.attempts, 2);
  EXPECT_EQ(summary.issued, 7);
  EXPECT_EQ(summary.generated, 6);
  EXPECT_EQ(summary.graded, 6);
  EXPECT_EQ(summary.consumed_steps, 3);
  EXPECT_EQ(summary.consumed_groups, 5);
}

TEST_F(JournalTest, NamesEveryViolation) {
  const auto violations = [this](std::vector<JournalRecord> tail) {
    std::vector<JournalRecord> records{Attempt(0)};
    AddGroup(&records, Id(0, 0));
    records.push_back(Consumed(0, {Id(0, 0)}));
    records.insert(records.end(), tail.begin(), tail.end());
    WriteBytes(path_, "");
    Write(records);
    return SummarizeJournal(path_).violations;
  };
  EXPECT_THAT(violations({}), IsEmpty());
  EXPECT_THAT(violations({Consumed(0, {Id(0, 0)})}), ElementsAre("step 1 consumed twice"));
  EXPECT_THAT(violations({Consumed(1, {Id(0, 0)})}), ElementsAre("group 0 consumed twice"));
  EXPECT_THAT(violations({Issued(Id(0, 1)), Generated(Id(0, 1)), Consumed(1, {Id(0, 1)})}),
              ElementsAre("group 1 consumed without a grade"));
  EXPECT_THAT(violations({Issued(Id(0, 0))}), ElementsAre("group 0 issued twice in one attempt"));
  EXPECT_THAT(violations({Generated(Id(0, 0))}), ElementsAre("group 0 generated twice in one attempt"));
  EXPECT_THAT(violations({Graded(Id(0, 0))}), ElementsAre("group 0 graded twice in one attempt"));
  EXPECT_THAT(violations({Generated(Id(0, 2))}), ElementsAre("group 2 generated but never issued"));
  EXPECT_THAT(violations({Issued(Id(0, 2)), Graded(Id(0, 2))}), ElementsAre("group 2 graded but never generated"));
  EXPECT_THAT(violations({Consumed(2, {})}), ElementsAre("step 2 was never consumed"));
}

// The bytes of a file with one record: magic, version 1, zero; then length 41 and the hash of the record; then kind 1, step 5 and
// empty fields.
TEST_F(JournalTest, TheFileIsWrittenToTheByte) {
  const std::string head("TEMPERJL\x01\0\0\0\0\0\0\0", 16);
  { const Journal journal(path_); }
  EXPECT_EQ(ReadBytes(path_), head);
  Write({Attempt(5)});
  const std::string payload = std::string("\x01\x05\0\0\0\0\0\0\0", 9) + std::string(32, '\0');
  const std::string bytes = ReadBytes(path_);
  ASSERT_EQ(bytes.size(), 16 + 12 + payload.size());
  EXPECT_EQ(bytes.substr(0, 16), head);
  EXPECT_EQ(bytes.substr(16, 4), std::string("\x29\0\0\0", 4));
  EXPECT_EQ(bytes.substr(28), payload);
}

TEST_F(JournalTest, AnotherVersionIsRefusedInOneSentenceAndLeftAsItIs) {
  Write({Generated(1, "first")});
  const std::string good = ReadBytes(path_);
  const auto refused = [&](const std::string& bytes, const std::string& found) {
    WriteBytes(path_, bytes);
    const std::string sentence = "journal " + path_ + " is " + found +
                                 ", but this Temper reads version 1; go on with the Temper that wrote it, or start without it "
                                 "(--resume never)";
    EXPECT_THAT([&] { Payloads(); }, ThrowsMessage<ConfigError>(sentence));
    EXPECT_THAT([&] { CheckJournalVersion(path_); }, ThrowsMessage<ConfigError>(sentence));
    EXPECT_THROW(Journal{path_}, ConfigError);
    EXPECT_EQ(ReadBytes(path_), bytes);
  };
  std::string newer = good;
  newer[8] = 7;
  refused(newer, "of version 7");
  refused(good.substr(16), "without a version");       // as before there was a header
  refused(good.substr(16, 5), "without a version");    // torn, too
  refused(newer.substr(0, 13), "of another version");  // a torn header of another version
  WriteBytes(path_, good);
  CheckJournalVersion(path_);
  CheckJournalVersion(folder_ / "none");
}

TEST_F(JournalTest, AHeaderTornAtAnyByteIsWrittenAgain) {
  const std::string head("TEMPERJL\x01\0\0\0\0\0\0\0", 16);
  for (size_t size = 0; size < head.size(); ++size) {
    for (const std::string& left : {head.substr(0, size), std::string(size, '\0')}) {  // zeros: after a power failure
      WriteBytes(path_, left);
      uint64_t torn = 0;
      EXPECT_THAT(Payloads(&torn), IsEmpty());
      EXPECT_EQ(torn, size);
      Write({Generated(3, "third")});
      EXPECT_THAT(Payloads(&torn), ElementsAre("third")) << size;
      EXPECT_EQ(torn, 0U);
    }
  }
  WriteBytes(path_, std::string(4096, '\0'));
  Write({Generated(3, "third")});
  EXPECT_THAT(Payloads(), ElementsAre("third"));
}

// Of the version it cannot be told whether it is damage or another program's: a person must decide.
TEST_F(JournalTest, EveryFlippedBitOfTheHeaderIsFound) {
  Write({Generated(1, "first")});
  const std::string good = ReadBytes(path_);
  for (size_t bit = 0; bit < 16 * 8; ++bit) {
    std::string bytes = good;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    WriteBytes(path_, bytes);
    const bool of_version = bit / 8 >= 8 && bit / 8 < 12;
    const std::string found = of_version ? " is of version " : " is damaged at byte 0;";
    EXPECT_THAT([&] { Payloads(); }, ThrowsMessage<ConfigError>(HasSubstr(path_ + found))) << bit;
    EXPECT_EQ(ReadBytes(path_), bytes);
  }
}

class DamagedJournal : public JournalTest {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(stage_.JournalFolder());
    path_ = stage_.Journal();
    std::vector<JournalRecord> records = {Attempt(0)};
    for (int64_t step = 0; step < 3; ++step) {
      AddGroup(&records, Id(step, 0));
      records.push_back(Consumed(step, {Id(step, 0)}));
    }
    Write(records);
    good_ = ReadBytes(path_);
  }
  StagePaths stage_{folder_ / "main"};
  std::string good_;
};

TEST_F(DamagedJournal, IsSetAsideWholeAndANewOneBegins) {
  const std::string log = folder_ / "log.txt";
  int n = 0;
  for (size_t at = 0; at + 61 < good_.size(); at += 7) {  // the last record would be taken for torn
    if (at >= 8 && at < 12) continue;                     // the version
    std::string bytes = good_;
    bytes[at] = static_cast<char>(bytes[at] ^ 4);
    WriteBytes(path_, bytes);
    OpenLog({.file = log, .stderr_level = LogLevel::kError});
    ASSERT_TRUE(SetAsideIfDamaged(stage_)) << at;
    OpenLog({});
    EXPECT_EQ(ReadBytes(stage_.DamagedJournal(++n)), bytes) << "a person may still look at it";
    EXPECT_FALSE(std::filesystem::exists(path_));
    EXPECT_FALSE(SetAsideIfDamaged(stage_));
    Write({Attempt(2), Issued(Id(2, 0)), Generated(Id(2, 0)), Graded(Id(2, 0)), Consumed(2, {Id(2, 0)})});
    EXPECT_THAT(SummarizeJournal(path_).violations, IsEmpty());
  }
  EXPECT_THAT(ReadBytes(log), HasSubstr("is damaged at byte "));
  EXPECT_THAT(ReadBytes(log), HasSubstr("groups that were in flight are sampled again"));
}

TEST_F(DamagedJournal, WhatIsTornOrSoundOrAnothersStaysWhereItIs) {
  EXPECT_FALSE(SetAsideIfDamaged(stage_));
  WriteBytes(path_, good_.substr(0, good_.size() - 3));
  EXPECT_FALSE(SetAsideIfDamaged(stage_)) << "the end that a killed process leaves";
  std::string newer = good_;
  newer[8] = 7;
  WriteBytes(path_, newer);
  EXPECT_THROW(SetAsideIfDamaged(stage_), ConfigError);
  EXPECT_EQ(ReadBytes(path_), newer);
}

}  // namespace
}  // namespace temper
