// What may be had of a job's weights over the bus, and that it is nothing else.
#include "cluster/weights/announced_weights.h"

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/base/bytes.h"
#include "cluster/base/error.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class AnnouncedWeightsTest : public testing::Test {
 protected:
  std::string Publishers() const { return folder_ / Concat("temper-1-", getpid()); }
  std::string Problem(const WeightChunkRequest& request) const {
    return ProblemOf([&] { (void)announced_.Chunk(request.Encode()); });
  }
  template <typename Action>
  static std::string ProblemOf(const Action& action) {
    try {
      action();
    } catch (const Error& error) {
      return error.what();
    }
    return "none";
  }

  TempFolder folder_;
  WeightPublisher publisher_{Publishers(), 2};
  AnnouncedWeights announced_{folder_.path()};
};

TEST_F(AnnouncedWeightsTest, AnAnnouncedVersionIsServedByItsNumberAndHash) {
  const WeightRef ref = publisher_.Publish(7, "weights", 7);
  EXPECT_THAT(Problem({7, ref.hash, 0}), HasSubstr(Concat("version 7 with hash ", ref.hash, " was never announced")));
  announced_.Add(ref);
  const auto chunk = announced_.Chunk(WeightChunkRequest{7, ref.hash, 2}.Encode());
  ASSERT_TRUE(chunk);
  ByteReader in(*chunk);
  EXPECT_EQ(in.Get<int64_t>(), 7);
  EXPECT_EQ(in.Get<uint64_t>(), 2U);
  EXPECT_EQ(in.GetString(), "ights");
}

TEST_F(AnnouncedWeightsTest, NothingElseIsServed) {
  const WeightRef ref = publisher_.Publish(7, "weights", 7);
  announced_.Add(ref);
  EXPECT_THAT(Problem({8, ref.hash, 0}), HasSubstr("never announced"));
  EXPECT_THAT(Problem({7, std::string(32, '0'), 0}), HasSubstr("never announced"));
  EXPECT_THAT(Problem({7, "../../etc/passwd", 0}), HasSubstr("never announced"));
  EXPECT_THAT(Problem({7, ref.hash, 7}), HasSubstr("chunk at 7 of 7 bytes"));
  EXPECT_THAT(Problem({7, ref.hash, ~uint64_t{0}}), HasSubstr("of 7 bytes"));
  EXPECT_THAT(ProblemOf([&] { (void)announced_.Chunk("short"); }), Not(HasSubstr("none")));
}

TEST_F(AnnouncedWeightsTest, APublicationMustBeAVersionInTheWeightFolder) {
  const WeightRef good = publisher_.Publish(7, "weights", 7);
  for (const std::string& path :
       {std::string("/etc/passwd"), folder_ / "temper-1-1/../../etc/passwd", folder_ / "temper-1-1/version_8_0.bin",
        folder_ / fs::path(good.path).filename().string(), folder_ / "temper-1-1/deeper/" + fs::path(good.path).filename().string(),
        folder_ / "others/" + fs::path(good.path).filename().string(), std::string()}) {
    WeightRef bad = good;
    bad.path = path;
    EXPECT_THAT(ProblemOf([&] { announced_.Add(bad); }), HasSubstr("was published as " + path)) << path;
  }
  WeightRef unnamed = good;
  unnamed.hash = "../x";
  EXPECT_THAT(ProblemOf([&] { announced_.Add(unnamed); }), HasSubstr("has no hash"));
}

// Opening a pipe for reading waits for who writes, for ever; a link may lead anywhere.
TEST_F(AnnouncedWeightsTest, WhatLiesInPlaceOfTheFileIsNotRead) {
  const WeightRef ref = publisher_.Publish(7, "weights", 7);
  announced_.Add(ref);
  const std::string request = WeightChunkRequest{7, ref.hash, 0}.Encode();
  ASSERT_TRUE(announced_.Chunk(request));
  fs::rename(ref.path, folder_ / "elsewhere");
  EXPECT_FALSE(announced_.Chunk(request)) << "gone";
  fs::create_symlink(folder_ / "elsewhere", ref.path);
  EXPECT_FALSE(announced_.Chunk(request)) << "a link";
  fs::remove(ref.path);
  ASSERT_EQ(mkfifo(ref.path.c_str(), 0600), 0);
  EXPECT_FALSE(announced_.Chunk(request)) << "a pipe";
  fs::remove(ref.path);
  fs::create_directory(ref.path);
  EXPECT_FALSE(announced_.Chunk(request)) << "a folder";
  fs::remove(ref.path);
}

}  // namespace
}  // namespace temper
