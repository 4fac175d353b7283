#include "cluster/weights/weight_store.h"

#include <filesystem>
#include <functional>
#include <numeric>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <unistd.h>

#include "cluster/base/error.h"
#include "cluster/base/hash.h"
#include "cluster/host/host_name.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string Bytes(size_t size, uint8_t seed) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + i / 253 + seed);
  return bytes;
}

size_t FilesIn(const std::string& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

// Serves one version and counts the chunks asked for.
struct Server {
  WeightRef ref;
  int requests = 0;
  std::string operator()(const std::string& bytes) {
    ++requests;
    const WeightChunkRequest request = WeightChunkRequest::Decode(bytes);
    EXPECT_EQ(request.version, ref.version);
    EXPECT_EQ(request.hash, ref.hash);
    return ReadWeightChunk(ref, request.offset);
  }
};

std::string NoFetch(const std::string&) {
  ADD_FAILURE() << "fetched over the bus";
  return "";
}

std::string Fetch(const WeightRef& ref, bool force_remote, const std::function<std::string(const std::string&)>& fetch) {
  std::string bytes(ref.bytes, '\0');
  FetchWeights(ref, force_remote, fetch, bytes);
  return bytes;
}

// Removed (systemd's RemoveIPC removes a whole folder), emptied, or changed by somebody: the same name leads to the same bytes again.
TEST(WeightStore, WhatWasTakenAwayIsPublishedAgainUnderItsName) {
  TempFolder folder;
  WeightPublisher publisher(folder / "weights", 2);
  const std::string old = Bytes(1000, 1), bytes = Bytes(600'000, 2);
  const WeightRef before = publisher.Publish(6, old.data(), old.size());
  const WeightRef ref = publisher.Publish(7, bytes.data(), bytes.size());
  const auto again = [&](const WeightRef& wanted, const std::string& numbers) {
    return publisher.PublishAgain(wanted.version, wanted.hash, numbers.data(), numbers.size());
  };
  for (const auto& damage :
       std::vector<std::function<void()>>{[&] { fs::remove_all(folder / "weights"); }, [&] { fs::remove(ref.path); },
                                          [&] { fs::resize_file(ref.path, 5); }, [&] { WriteBytes(ref.path, Bytes(600'000, 3)); }}) {
    damage();
    EXPECT_THROW(Fetch(ref, false, NoFetch), Error);
    EXPECT_TRUE(again(ref, bytes));
    EXPECT_EQ(Fetch(ref, false, NoFetch), bytes);
  }
  EXPECT_FALSE(again(before, old)) << "not the newest";
  EXPECT_FALSE(again(ref, Bytes(600'000, 3))) << "other numbers";
  EXPECT_EQ(Fetch(ref, false, NoFetch), bytes);
  fs::remove_all(folder / "weights");
  EXPECT_EQ(Fetch(publisher.Publish(8, old.data(), old.size()), false, NoFetch), old) << "the next version finds its folder again";
}

// The folder's name says that its owner is dead, as that of an owner in another container does here: only its lock keeps it.
TEST(WeightStore, AFolderThatWasMadeAgainIsNotTakenForAbandoned) {
  TempFolder folder;
  const std::string name = folder / "temper-12-2147483647";  // more than any process's id
  WeightPublisher publisher(name, 2);
  const std::string bytes = Bytes(1000, 1);
  const WeightRef ref = publisher.Publish(7, bytes.data(), bytes.size());
  fs::remove_all(name);
  ASSERT_TRUE(publisher.PublishAgain(7, ref.hash, bytes.data(), bytes.size()));
  const WeightPublisher beside(folder / "temper-13-1", 2);
  EXPECT_EQ(Fetch(ref, false, NoFetch), bytes);
}

TEST(WeightStore, AFolderInItsPlaceThatIsALinkIsNotWrittenTo) {
  TempFolder folder;
  WeightPublisher publisher(folder / "weights", 2);
  const std::string bytes = Bytes(1000, 1);
  fs::remove_all(folder / "weights");
  fs::create_directories(folder / "elsewhere");
  fs::create_directory_symlink(folder / "elsewhere", folder / "weights");
  EXPECT_THROW(publisher.Publish(7, bytes.data(), bytes.size()), Error);
  EXPECT_TRUE(fs::is_empty(folder / "elsewhere"));
}

TEST(WeightStore, PublishesAndFetchesOnTheSameHost) {
  TempFolder folder;
  WeightPublisher publisher(folder / "weights", 2);
  const std::string bytes = Bytes(1000, 1);
  const WeightRef ref = publisher.Publish(7, bytes.data(), bytes.size());
  EXPECT_EQ(ref.version, 7);
  EXPECT_EQ(ref.bytes, 1000u);
  EXPECT_EQ(ref.hash, Hash128(bytes));
  EXPECT_EQ(ref.host, LocalHostName());
  EXPECT_EQ(Fetch(ref, false, NoFetch), bytes);
  EXPECT_EQ(FilesIn(folder / "weights"), 1u);  // no temporary file is left
}

TEST(WeightStore, FetchesInChunksFromAnotherHost) {
  TempFolder folder;
  WeightPublisher publisher(folder / "weights", 1);
  for (const size_t size : {size_t{0}, size_t{1}, kWeightChunkBytes, kWeightChunkBytes + 1, 2 * kWeightChunkBytes + 12345}) {
    const std::string bytes = Bytes(size, 2);
    WeightRef ref = publisher.Publish(static_cast<int64_t>(size), bytes.data(), bytes.size());
    Server forced{ref};
    EXPECT_EQ(Fetch(ref, true, std::ref(forced)), bytes);
    EXPECT_EQ(forced.requests, static_cast<int>((size + kWeightChunkBytes - 1) / kWeightChunkBytes));
    ref.host = "another-host";
    EXPECT_EQ(Fetch(ref, false, Server{ref}), bytes);
  }
}

TEST(WeightStore, AnAnswerToARepeatedRequestIsSkipped) {
  TempFolder folder;
  WeightPublisher publisher(folder / "weights", 1);
  const std::string bytes = Bytes(2 * kWeightChunkBytes, 3);
  const WeightRef ref = publisher.Publish(1, bytes.data(), bytes.size());
  std::string last;
  int turn = 0;
  const auto with_repeats = [&](const std::string& request) {
    if (turn++ % 2 == 1 && !last.empty()) return last;  // the same chunk once more
    return last = Server{ref}(request);
  };
  EXPECT_EQ(Fetch(ref, true, with_repeats), bytes);
}

TEST(WeightStore, ADamagedFileIsRefusedNamingBothHashes) {
  TempFolder folder;
  WeightPublisher publisher(folder / "weights", 1);
  const std::string bytes = Bytes(100, 4);
  const WeightRef ref = publisher.Publish(3, bytes.data(), bytes.size());
  std::string damaged = bytes;
  damaged[50] ^= 1;
  WriteBytes(ref.path, damaged);
  for (const bool remote : {false, true}) {
    try {
      Fetch(ref, remote, Server{ref});
      FAIL();
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("version 3 arrived with hash " + Hash128(damaged)));
      EXPECT_THAT(error.what(), HasSubstr("the learner published " + ref.hash));
    }
  }
  WriteBytes(ref.path, bytes.substr(0, 99));
  EXPECT_THROW(Fetch(ref, false, NoFetch), Error);
  EXPECT_THROW(Fetch(ref, true, Server{ref}), Error);
}

TEST(WeightStore, KeepsTheNewest) {
  TempFolder folder;
  WeightPublisher publisher(folder / "weights", 2);
  std::vector<WeightRef> refs;
  for (int64_t version = 0; version < 4; ++version) {
    const std::string bytes = Bytes(10, static_cast<uint8_t>(version));
    refs.push_back(publisher.Publish(version, bytes.data(), bytes.size()));
  }
  EXPECT_THROW(Fetch(refs[0], false, NoFetch), Error);
  EXPECT_THROW(Fetch(refs[1], false, NoFetch), Error);
  EXPECT_EQ(Fetch(refs[2], false, NoFetch), Bytes(10, 2));
  EXPECT_EQ(Fetch(refs[3], false, NoFetch), Bytes(10, 3));
  EXPECT_EQ(FilesIn(folder / "weights"), 3u);  // and the file that the next one goes into
}

TEST(WeightStore, AVersionOfAnotherSizeIsRefused) {
  TempFolder folder;
  WeightPublisher publisher(folder / "weights", 1);
  const WeightRef ref = publisher.Publish(1, "abc", 3);
  std::string four(4, '\0');
  EXPECT_THROW(FetchWeights(ref, false, NoFetch, four), Error);
}

TEST(WeightStore, TheNextVersionGoesIntoADroppedOnesFileWhateverItsSize) {
  TempFolder folder;
  WeightPublisher publisher(folder / "weights", 1);
  std::vector<WeightRef> refs;
  for (const size_t size : {500u, 300u, 700000u, 100u}) {
    const std::string bytes = Bytes(size, static_cast<uint8_t>(refs.size()));
    refs.push_back(publisher.Publish(static_cast<int64_t>(refs.size()), bytes.data(), bytes.size()));
    EXPECT_EQ(Fetch(refs.back(), false, NoFetch), bytes);
    EXPECT_EQ(Fetch(refs.back(), true, Server{refs.back()}), bytes);
  }
  EXPECT_THROW(Fetch(refs[1], false, NoFetch), Error);
  EXPECT_EQ(FilesIn(folder / "weights"), 2u);
}

TEST(WeightStore, WhoReadsADroppedVersionGetsItWhole) {
  TempFolder folder;
  WeightPublisher publisher(folder / "weights", 1);
  const std::string a = Bytes(1000, 1), b = Bytes(1000, 2);
  const WeightRef first = publisher.Publish(1, a.data(), a.size());
  const int reader = open(first.path.c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  ASSERT_EQ(flock(reader, LOCK_SH), 0);
  for (int64_t version = 2; version < 5; ++version) publisher.Publish(version, b.data(), b.size());
  std::string seen(a.size(), '\0');
  EXPECT_EQ(pread(reader, seen.data(), seen.size(), 0), static_cast<ssize_t>(seen.size()));
  close(reader);
  EXPECT_EQ(seen, a);
}

TEST(WeightStore, PublishingTheSameVersionAgainKeepsTheOlderOnes) {
  TempFolder folder;
  WeightPublisher publisher(folder / "weights", 2);
  const std::string a = Bytes(10, 1);
  const std::string b = Bytes(10, 2);
  const WeightRef first = publisher.Publish(1, a.data(), a.size());
  for (int i = 0; i < 3; ++i) publisher.Publish(2, b.data(), b.size());
  EXPECT_EQ(Fetch(first, false, NoFetch), a);
}

// As the second arm of a job does: version 0 again, while the first arm's 0 to 2 are still kept.
TEST(WeightStore, PublishingAnOlderVersionAgainMakesItTheNewest) {
  TempFolder folder;
  WeightPublisher publisher(folder / "weights", 3);
  const std::string start = Bytes(100, 0), trained = Bytes(100, 9);
  for (int64_t version = 0; version < 3; ++version) {
    const std::string& bytes = version == 0 ? start : trained;
    publisher.Publish(version, bytes.data(), bytes.size());
  }
  const WeightRef again = publisher.Publish(0, start.data(), start.size());
  publisher.Publish(1, start.data(), start.size());
  EXPECT_EQ(Fetch(again, false, NoFetch), start);
  EXPECT_EQ(FilesIn(folder / "weights"), 4u);
}

TEST(WeightStore, NamesTheFolderAndTheKeyWhenThereIsNoSpace) {
  TempFolder folder;
  WeightPublisher publisher(folder / "weights", 1);
  const char byte = 0;
  try {
    publisher.Publish(1, &byte, uint64_t{1} << 62);  // refused before a byte is read
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(folder / "weights has"));
    EXPECT_THAT(error.what(), HasSubstr("cluster.weight_folder"));
  }
  EXPECT_EQ(FilesIn(folder / "weights"), 0u);
}

TEST(WeightStore, ReferencesAndRequestsRoundTripAndRefuseTruncation) {
  const WeightRef ref{-3, "hash", 1 << 30, "/some/path", "host"};
  EXPECT_EQ(WeightRef::Decode(ref.Encode()), ref);
  const std::string bytes = WeightChunkRequest{-3, "hash", 99}.Encode();
  EXPECT_EQ(WeightChunkRequest::Decode(bytes).version, -3);
  EXPECT_EQ(WeightChunkRequest::Decode(bytes).hash, "hash");
  EXPECT_EQ(WeightChunkRequest::Decode(bytes).offset, 99u);
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_THROW(WeightChunkRequest::Decode(bytes.substr(0, size)), Error);
  EXPECT_THROW(WeightChunkRequest::Decode(bytes + "x"), Error);
}

TEST(WeightStore, AChunkBehindTheEndIsRefused) {
  TempFolder folder;
  WeightPublisher publisher(folder / "weights", 1);
  const WeightRef ref = publisher.Publish(1, "abc", 3);
  EXPECT_THROW(ReadWeightChunk(ref, 3), Error);
  WeightRef longer = ref;
  longer.bytes = 4;
  EXPECT_THROW(ReadWeightChunk(longer, 0), Error);
}

TEST(WeightStore, RemovesItsFolderAtTheEnd) {
  TempFolder folder;
  { WeightPublisher(folder / "weights", 1).Publish(1, "abc", 3); }
  EXPECT_FALSE(fs::exists(folder / "weights"));
}

}  // namespace
}  // namespace temper
