#include "record/checkpoint.h"

#include <filesystem>
#include <set>

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "cluster/base/error.h"
#include "cluster/base/log.h"
#include "record/manifest.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

class CheckpointTest : public testing::Test {
 protected:
  void Save(CheckpointStore& store, int64_t step) {
    const std::string folder = store.Begin(step);
    WriteBytes(folder + "/learner.safetensors", Concat("parameters of step ", step));
    WriteBytes(folder + "/learner.json", "");
    store.Commit(step, Concat("{\"step\": ", step, "}"));
  }
  std::set<std::string> Names() {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(root_)) names.insert(entry.path().filename());
    return names;
  }

  TempFolder folder_;
  std::string root_ = folder_ / "checkpoints";
};

TEST_F(CheckpointTest, FindsTheNewestAndKeepsAsManyAsAsked) {
  CheckpointStore store(root_, 2);
  EXPECT_FALSE(store.Latest().has_value());
  for (const int64_t step : {2, 9, 10}) Save(store, step);
  EXPECT_THAT(Names(), UnorderedElementsAre("step_9", "step_10", "latest"));
  const auto found = store.Latest();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->step, 10);  // by number, not by name
  EXPECT_EQ(found->state_json, "{\"step\": 10}");
  EXPECT_EQ(ReadBytes(found->folder + "/learner.safetensors"), "parameters of step 10");
  EXPECT_EQ(fs::read_symlink(root_ + "/latest"), "step_10");
  EXPECT_FALSE(VerifyCheckpoint(found->folder).has_value());
}

// Whatever lies in the folder: names that are no numbers, links in circles, pipes, holes, entries that are not listed.
TEST_F(CheckpointTest, OddThingsArePassedOverByName) {
  CheckpointStore store(root_, 2);
  Save(store, 5);
  fs::create_directory(root_ + "/step_" + std::string(30, '9'));
  fs::create_directory(root_ + "/step_");
  fs::create_symlink("step_11", root_ + "/step_11");
  ASSERT_EQ(mkfifo((root_ + "/step_12").c_str(), 0600), 0);
  WriteBytes(root_ + "/step_13", "a file");
  fs::create_directory(root_ + "/step_14");
  ASSERT_EQ(mkfifo((root_ + "/step_14/manifest.json").c_str(), 0600), 0);
  fs::create_directories(root_ + "/step_15/manifest.json");
  for (const int64_t step : {16, 17, 18, 19, 20}) fs::copy(root_ + "/step_5", Concat(root_, "/step_", step));
  fs::create_symlink("loop", root_ + "/step_16/loop");
  ASSERT_EQ(mkfifo((root_ + "/step_17/extra").c_str(), 0600), 0);
  fs::remove(root_ + "/step_18/learner.safetensors");
  fs::create_symlink("learner.safetensors", root_ + "/step_18/learner.safetensors");
  WriteBytes(root_ + "/step_19/manifest.json", "{\"files\": {}}");
  fs::resize_file(root_ + "/step_20/learner.safetensors", uintmax_t{1} << 40);
  testing::internal::CaptureStderr();
  const auto found = store.Latest();
  const std::string log = testing::internal::GetCapturedStderr();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->step, 5);
  for (const std::string& why :
       {"step_" + std::string(30, '9') + " is not used: its name is no step's", std::string("step_ is not used"),
        std::string("step_11 is not used: it is no folder"), std::string("step_12 is not used: it is no folder"),
        std::string("step_13 is not used: it is no folder"), std::string("step_14 is not used: manifest.json cannot be read: it is a pipe"),
        std::string("step_15 is not used: manifest.json cannot be read: it is a folder"),
        std::string("step_16 is not used: loop is not in manifest.json"), std::string("step_17 is not used: extra is not in manifest.json"),
        std::string("step_18 is not used: learner.safetensors cannot be looked at"),
        std::string("step_19 is not used: state.json is not in manifest.json"),
        std::string("step_20 is not used: learner.safetensors has 1099511627776 bytes")}) {
    const size_t at = log.find(why);
    EXPECT_NE(at, std::string::npos) << why << " in\n" << log;
    EXPECT_EQ(log.find(why, at + 1), std::string::npos) << "twice: " << why;
  }
}

// A manifest that asks for a terabyte of holes: they are not read.
TEST_F(CheckpointTest, AFileOfHolesIsNotRead) {
  CheckpointStore store(root_, 2);
  Save(store, 5);
  const std::string folder = root_ + "/step_5";
  fs::resize_file(folder + "/learner.safetensors", uintmax_t{1} << 40);
  std::string manifest = ReadBytes(ManifestPath(folder));
  const std::string bytes = Concat("\"bytes\": ", std::string("parameters of step 5").size());
  ASSERT_NE(manifest.find(bytes), std::string::npos) << manifest;
  manifest.replace(manifest.find(bytes), bytes.size(), "\"bytes\": 1099511627776");
  WriteBytes(ManifestPath(folder), manifest);
  EXPECT_THAT(VerifyCheckpoint(folder).value_or(""), HasSubstr("nearly all of them holes"));
}

// What has the name of a newer step, or of one without a manifest, must not push a checkpoint out.
TEST_F(CheckpointTest, OddThingsTakeNoCheckpointsPlace) {
  CheckpointStore store(root_, 2);
  for (const char* name : {"/step_999", "/step_1000", "/step_4"}) fs::create_directories(root_ + name);
  for (const int64_t step : {3, 5, 6}) Save(store, step);
  EXPECT_THAT(Names(), UnorderedElementsAre("step_999", "step_1000", "step_5", "step_6", "latest"));
  EXPECT_EQ(store.Latest()->step, 6);
}

TEST_F(CheckpointTest, WhatIsNewerThanAStepIsSetAside) {
  CheckpointStore store(root_, 3);
  for (const int64_t step : {2, 9, 10}) Save(store, step);
  store.SetAsideAfter(9);
  EXPECT_EQ(store.Latest()->step, 9);
  store.SetAsideAfter(2);
  EXPECT_EQ(store.Latest()->step, 2);
  Save(store, 9);
  store.SetAsideAfter(2);  // the name is taken already
  EXPECT_THAT(Names(), UnorderedElementsAre("step_2", "abandoned_step_9", "abandoned_step_10", "latest"));
}

TEST_F(CheckpointTest, AStepSavedAgainReplacesTheOldOne) {
  CheckpointStore store(root_, 2);
  Save(store, 3);
  const std::string folder = store.Begin(3);
  WriteBytes(folder + "/learner.json", "{}");
  WriteBytes(folder + "/learner.safetensors", "other");
  store.Commit(3, "{}");
  ASSERT_TRUE(store.Latest().has_value());
  EXPECT_EQ(store.Latest()->state_json, "{}");
  EXPECT_EQ(ReadBytes(root_ + "/step_3/learner.safetensors"), "other");
}

TEST_F(CheckpointTest, WhatWasBegunAndNotCommittedIsNeverFound) {
  CheckpointStore store(root_, 2);
  Save(store, 1);
  const std::string folder = store.Begin(2);
  WriteBytes(folder + "/learner.safetensors", "half-wr");
  WriteBytes(folder + "/state.json", "{}");
  EXPECT_EQ(CheckpointStore(root_, 2).Latest()->step, 1);
  EXPECT_TRUE(fs::is_empty(store.Begin(2)));  // the next try starts clean
}

// Each bit of each file: either the damage is found and the older checkpoint taken, or what is given out is what was saved.
TEST_F(CheckpointTest, EveryFlippedBitFallsBackToTheOlderOne) {
  OpenLog({.file = "", .stderr_level = LogLevel::kError});
  CheckpointStore store(root_, 2);
  Save(store, 1);
  Save(store, 2);
  int fell_back = 0;
  int flips = 0;
  for (const std::string name : {"learner.safetensors", "state.json", "manifest.json"}) {
    const std::string path = root_ + "/step_2/" + name;
    const std::string good = ReadBytes(path);
    for (size_t bit = 0; bit < good.size() * 8; ++bit, ++flips) {
      std::string bytes = good;
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
      WriteBytes(path, bytes);
      const auto found = store.Latest();
      ASSERT_TRUE(found.has_value()) << name << " bit " << bit;
      fell_back += found->step == 1;
      if (found->step == 1) continue;
      // White space and the step's number (nothing reads it) are all that may change unseen.
      ASSERT_EQ(name, "manifest.json") << "bit " << bit;
      EXPECT_EQ(found->state_json, "{\"step\": 2}");
      EXPECT_EQ(ReadBytes(found->folder + "/learner.safetensors"), "parameters of step 2");
    }
    WriteBytes(path, good);
  }
  EXPECT_EQ(store.Latest()->step, 2);
  EXPECT_GT(fell_back, flips * 8 / 10);
  OpenLog({});
}

TEST_F(CheckpointTest, EveryTruncationAndMissingFileFallsBack) {
  OpenLog({.file = "", .stderr_level = LogLevel::kError});
  CheckpointStore store(root_, 2);
  Save(store, 1);
  Save(store, 2);
  for (const std::string name : {"learner.safetensors", "state.json", "manifest.json", "learner.json"}) {
    const std::string path = root_ + "/step_2/" + name;
    const std::string good = ReadBytes(path);
    // The last byte of the manifest is a line end.
    const size_t end = name == "manifest.json" ? good.size() - 1 : good.size();
    for (size_t size = 0; size < end; ++size) {
      WriteBytes(path, good.substr(0, size));
      ASSERT_EQ(store.Latest()->step, 1) << name << " cut to " << size;
    }
    WriteBytes(path, good + "x");
    EXPECT_EQ(store.Latest()->step, 1) << name;
    fs::remove(path);
    EXPECT_EQ(store.Latest()->step, 1) << name;
    WriteBytes(path, good);
    EXPECT_EQ(store.Latest()->step, 2);
  }
  OpenLog({});
}

TEST_F(CheckpointTest, SaysWhatIsWrong) {
  CheckpointStore store(root_, 2);
  Save(store, 2);
  const std::string folder = root_ + "/step_2";
  const auto wrong = [&] { return VerifyCheckpoint(folder).value_or("nothing"); };
  WriteBytes(folder + "/learner.safetensors", "parameters of step 3");
  EXPECT_EQ(wrong(), "learner.safetensors does not have the checksum of manifest.json");
  WriteBytes(folder + "/learner.safetensors", "short");
  EXPECT_EQ(wrong(), "learner.safetensors has 5 bytes, manifest.json says 20");
  fs::remove(folder + "/learner.safetensors");
  EXPECT_EQ(wrong(), "learner.safetensors is missing");
  WriteBytes(folder + "/manifest.json", R"({"files": {}})");
  EXPECT_EQ(wrong(), "state.json is not in manifest.json");
  WriteBytes(folder + "/manifest.json", R"({"files": {"state.json": 5, "learner.json": 5}})");
  EXPECT_EQ(wrong(), "learner.safetensors is not in manifest.json") << "nobody would notice other weights";
  WriteBytes(folder + "/learner.safetensors", "parameters of step 2");
  WriteBytes(folder + "/manifest.json", R"({"files": {"state.json": 5, "learner.json": 5, "learner.safetensors": 5}})");
  EXPECT_EQ(wrong(), "state.json has no valid entry in manifest.json");
  for (const char* text : {"", "[]", "{}", "{\"files\": 3}", "\xff\xfe"}) {
    WriteBytes(folder + "/manifest.json", text);
    EXPECT_EQ(wrong(), "manifest.json is not valid") << text;
  }
  fs::remove(folder + "/manifest.json");
  EXPECT_EQ(wrong(), "manifest.json is missing");
}

TEST_F(CheckpointTest, AFileThatIsNotListedIsNotTrusted) {
  CheckpointStore store(root_, 2);
  Save(store, 2);
  WriteBytes(root_ + "/step_2/more.safetensors", "x");
  EXPECT_EQ(VerifyCheckpoint(root_ + "/step_2"), "more.safetensors is not in manifest.json");
}

TEST_F(CheckpointTest, APolicyThatIsReadAgainMustBeTheOneThatWasWritten) {
  const std::string folder = folder_ / "weights/step_3";
  fs::create_directories(folder + "/adapter");
  const std::string files[] = {"config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja", "adapter/adapter.safetensors"};
  for (const std::string& name : files) WriteBytes(folder + "/" + name, "the " + name);
  WriteManifest(folder, std::nullopt);
  CheckPolicy(folder);
  const auto refused = [&] {
    try {
      CheckPolicy(folder);
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  for (const std::string& name : files) {
    WriteBytes(folder + "/" + name, "tho " + name);
    EXPECT_THAT(refused(), HasSubstr(folder + ": " + name + " does not have the checksum of manifest.json"));
    EXPECT_THAT(refused(), HasSubstr("--resume never"));
    fs::remove(folder + "/" + name);
    EXPECT_THAT(refused(), HasSubstr(folder + ": " + name + " is missing"));
    WriteBytes(folder + "/" + name, "the " + name);
    CheckPolicy(folder);
  }
  WriteBytes(folder + "/generation_config.json", "{}");
  EXPECT_THAT(refused(), HasSubstr("generation_config.json is not in manifest.json"));
  fs::remove(folder + "/generation_config.json");
  fs::remove(folder + "/manifest.json");
  EXPECT_THAT(refused(), HasSubstr("manifest.json is missing"));
}

TEST_F(CheckpointTest, LogsWhyANewerOneIsSkipped) {
  const std::string log = folder_ / "log.txt";
  OpenLog({.file = log, .stderr_level = LogLevel::kError});
  CheckpointStore store(root_, 2);
  Save(store, 1);
  Save(store, 2);
  fs::remove(root_ + "/step_2/learner.safetensors");
  EXPECT_EQ(store.Latest()->step, 1);
  OpenLog({});
  EXPECT_THAT(ReadBytes(log), HasSubstr("step_2 is not used: learner.safetensors is missing"));
}

TEST_F(CheckpointTest, IgnoresFoldersOfOtherNames) {
  CheckpointStore store(root_, 1);
  for (const char* name : {"step_", "step_x", "step_1a", "step_99999999999999999999", "steps", "tmp_step_7"})
    fs::create_directories(root_ + "/" + name);
  Save(store, 4);
  EXPECT_EQ(store.Latest()->step, 4);
  EXPECT_TRUE(fs::exists(root_ + "/step_x"));
}

}  // namespace
}  // namespace temper
