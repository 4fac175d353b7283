// The file by which workers find a running job.
#include "record/rendezvous.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "cluster/base/error.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using testing::HasSubstr;

std::string ErrorOf(const std::string& folder) {
  try {
    ReadRendezvous(folder);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Rendezvous, IsThereAndPrivateWhileTheJobRuns) {
  const TempFolder folder;
  const BusKeys keys = MakeBusKeys();
  {
    const RendezvousFile file(folder.path(), {"tcp://10.0.0.1:5555", 18446744073709551615ULL, keys.ForClients()});
    struct stat info {};
    ASSERT_EQ(stat((folder / "rendezvous.json").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
    const auto contact = ReadRendezvous(folder.path());
    ASSERT_TRUE(contact.has_value());
    EXPECT_EQ(contact->endpoint, "tcp://10.0.0.1:5555");
    EXPECT_EQ(contact->run_id, 18446744073709551615ULL);
    EXPECT_EQ(contact->keys.Encode(), keys.Encode());
  }
  EXPECT_FALSE(ReadRendezvous(folder.path()).has_value());
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Rendezvous, ReplacesWhatAKilledJobLeft) {
  const TempFolder folder;
  WriteBytes(folder / "rendezvous.json", "left");
  WriteBytes(folder / "rendezvous.json.tmp", "left");
  const RendezvousFile file(folder.path(), {"tcp://127.0.0.1:5555", 7, {}});
  EXPECT_EQ(ReadRendezvous(folder.path())->run_id, 7U);
}

TEST(Rendezvous, OneThatOthersCouldReadOrThatIsDamagedIsRefused) {
  const TempFolder folder;
  const std::string path = folder / "rendezvous.json";
  WriteBytes(path, "{}");
  chmod(path.c_str(), 0640);
  EXPECT_THAT(ErrorOf(folder.path()), HasSubstr("other users can read the keys of the bus"));
  chmod(path.c_str(), 0600);
  EXPECT_THAT(ErrorOf(folder.path()), HasSubstr("not a rendezvous file of temper"));
  WriteBytes(path, R"({"endpoint": "tcp://10.0.0.1:1", "run_id": 1, "host": "x", "keys": "short"})");
  EXPECT_EQ(ErrorOf(folder.path()), path + ": expected the three keys of a bus, 40 characters each");
}

TEST(Rendezvous, AnotherHostsLoopbackIsNoPlaceToGo) {
  const TempFolder folder;
  WriteBytes(folder / "rendezvous.json", R"({"endpoint": "tcp://127.0.0.1:1", "run_id": 1, "host": "elsewhere", "keys": ""})");
  chmod((folder / "rendezvous.json").c_str(), 0600);
  EXPECT_EQ(ErrorOf(folder.path()), "the job in " + std::string(folder.path()) +
                                        " listens on elsewhere only: start it with cluster.endpoint=tcp://INTERFACE:* for other "
                                        "hosts to reach it");
}

}  // namespace
}  // namespace temper
