#include "record/checkpoint.h"

#include <filesystem>
#include <set>

#include <gmock/gmock.h>

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
