#include "record/provenance.h"

#include <filesystem>
#include <functional>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::ThrowsMessage;
using ::testing::UnorderedElementsAre;

json Read(const TempFolder& folder) { return json::parse(ReadBytes(folder / "provenance.json")); }

TEST(Provenance, TellsFilesAttemptsAndHowTheyEnded) {
  const TempFolder folder;
  WriteBytes(folder / "spec.yaml", "abc");
  std::filesystem::create_directories(folder / "world/inner");
  WriteBytes(folder / "world/b.jsonl", "abc");
  WriteBytes(folder / "world/a.jsonl", "");
  ProvenanceInput input{.epoch = 1,
                        .inputs = {{"policy_spec", {folder / "spec.yaml"}}, {"data", {folder / "world"}}},
                        .fixed = {},
                        .tokenizer_json = "abc",
                        .versions = {{"temper", "0.1"}}};
  RecordEnd(folder.path(), 75);  // of a start that never came so far
  EXPECT_FALSE(std::filesystem::exists(folder / "provenance.json"));
  RecordStart(folder.path(), input);
  json first = Read(folder);
  EXPECT_EQ(first["inputs"]["policy_spec"][0]["bytes"], 3);
  EXPECT_EQ(first["inputs"]["policy_spec"][0]["xxh128"], "06b05ab6733a618578af5f94892f3950");
  ASSERT_EQ(first["inputs"]["data"].size(), 2U);
  EXPECT_EQ(first["inputs"]["data"][0]["path"], folder / "world/a.jsonl");
  EXPECT_EQ(first["tokenizer_xxh128"], "06b05ab6733a618578af5f94892f3950");
  EXPECT_TRUE(first["ended"].is_null());
  EXPECT_TRUE(first["attempts"][0]["exit_code"].is_null());
  EXPECT_THAT(first["attempts"][0]["command"][0], HasSubstr("provenance_test"));
  input.epoch = 2;
  RecordStart(folder.path(), input);
  RecordEnd(folder.path(), 85);
  const json second = Read(folder);
  EXPECT_EQ(second["started"], first["started"]);
  ASSERT_EQ(second["attempts"].size(), 2U);
  EXPECT_TRUE(second["attempts"][0]["exit_code"].is_null()) << "the first one was killed";
  EXPECT_EQ(second["attempts"][1]["epoch"], 2);
  EXPECT_EQ(second["attempts"][1]["exit_code"], 85);
  EXPECT_EQ(second["ended"], second["attempts"][1]["ended"]);
}

TEST(Provenance, ADamagedRecordIsBegunAnew) {
  const TempFolder folder;
  for (const char* damaged : {"", "{", "[]", R"({"attempts": 3})"}) {
    WriteBytes(folder / "provenance.json", damaged);
    RecordEnd(folder.path(), 0);
    RecordStart(folder.path(), {.epoch = 4, .inputs = {}, .fixed = {}, .tokenizer_json = "", .versions = {}});
    EXPECT_EQ(Read(folder)["attempts"].size(), 1U) << damaged;
  }
}

// What a second start says when `change` came between it and the first.
std::string SecondStart(const TempFolder& folder, const std::function<void(ProvenanceInput*)>& change) {
  namespace fs = std::filesystem;
  fs::remove_all(folder / "run");
  fs::remove_all(folder / "in");
  fs::create_directories(folder / "run");
  fs::create_directories(folder / "in/model");
  fs::create_directories(folder / "in/data");
  for (const char* file : {"spec.yaml", "model/config.json", "model/model.safetensors", "data/train.jsonl", "data/dev.jsonl"}) {
    WriteBytes(folder / "in/" + std::string(file), file);
  }
  ProvenanceInput input{.epoch = 1,
                        .inputs = {{"policy_spec", {folder / "in/spec.yaml"}},
                                   {"base_model", {folder / "in/model"}},
                                   {"data", {folder / "in/data/train.jsonl", folder / "in/data/dev.jsonl"}}},
                        .fixed = {},
                        .tokenizer_json = "",
                        .versions = {}};
  RecordStart(folder / "run", input);
  input.fixed = {"policy_spec", "base_model", "data"};
  change(&input);
  const std::string record = ReadBytes(folder / "run/provenance.json");
  try {
    RecordStart(folder / "run", input);
  } catch (const ConfigError& error) {
    EXPECT_EQ(ReadBytes(folder / "run/provenance.json"), record) << "a start that is refused changes nothing";
    return error.what();
  }
  return "started";
}

TEST(Provenance, RefusesInputsThatAreNotWhatTheRunWasMadeFrom) {
  const TempFolder folder;
  const std::string in = folder / "in/";
  for (const char* file : {"spec.yaml", "model/config.json", "model/model.safetensors", "data/train.jsonl", "data/dev.jsonl"}) {
    const std::string said = SecondStart(folder, [&](ProvenanceInput*) { WriteBytes(in + file, "edited"); });
    EXPECT_THAT(said, HasSubstr(in + file + " has changed, since " + (folder / "run") + " was made from it; put back the file as it was"));
    EXPECT_THAT(said, HasSubstr("--resume never"));
  }
  EXPECT_THAT(SecondStart(folder, [&](ProvenanceInput*) { WriteBytes(in + "model/chat_template.jinja", "x"); }),
              HasSubstr(in + "model/chat_template.jinja is new"));
  EXPECT_THAT(SecondStart(folder, [&](ProvenanceInput*) { std::filesystem::remove(in + "model/config.json"); }),
              HasSubstr(in + "model/config.json is gone"));
}

TEST(Provenance, LetsARunGoOnWhoseNumbersAreTheSame) {
  const TempFolder folder;
  EXPECT_EQ(SecondStart(folder, [](ProvenanceInput*) {}), "started");
  EXPECT_EQ(SecondStart(folder,
                        [&](ProvenanceInput* input) {
                          input->fixed.erase("policy_spec");
                          WriteBytes(folder / "in/spec.yaml", "edited");
                        }),
            "started")
      << "nothing was graded yet";
  EXPECT_EQ(SecondStart(folder,
                        [&](ProvenanceInput* input) {
                          std::filesystem::rename(folder / "in/data", folder / "in/moved");
                          input->inputs["data"] = {folder / "in/moved/train.jsonl", folder / "in/moved/dev.jsonl"};
                        }),
            "started")
      << "the same files elsewhere";
  EXPECT_EQ(SecondStart(folder,
                        [&](ProvenanceInput* input) {
                          WriteBytes(folder / "in/data/more.jsonl", "of an arm that was added");
                          input->inputs["data"].push_back(folder / "in/data/more.jsonl");
                        }),
            "started");
}

TEST(Provenance, KeepsOnlyVariablesThatCannotBeSecrets) {
  EXPECT_THAT(KeptEnvironment({"SLURM_JOB_ID=7", "HF_TOKEN=secret", "NCCL_DEBUG=INFO", "HOME=/root", "OMPI_MCA_btl_tcp_if_include=eth0",
                               "OMPI_MCA_orte_hnp_uri=x", "SLURM_JWT=secret", "odd", "LANG="}),
              UnorderedElementsAre(Pair("SLURM_JOB_ID", "7"), Pair("NCCL_DEBUG", "INFO"), Pair("OMPI_MCA_btl_tcp_if_include", "eth0"),
                                   Pair("LANG", "")));
}

}  // namespace
}  // namespace temper
