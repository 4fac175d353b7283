#include "record/provenance.h"

#include <filesystem>

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
    RecordStart(folder.path(), {.epoch = 4, .inputs = {}, .tokenizer_json = "", .versions = {}});
    EXPECT_EQ(Read(folder)["attempts"].size(), 1U) << damaged;
  }
}

TEST(Provenance, KeepsOnlyVariablesThatCannotBeSecrets) {
  EXPECT_THAT(KeptEnvironment({"SLURM_JOB_ID=7", "HF_TOKEN=secret", "NCCL_DEBUG=INFO", "HOME=/root", "OMPI_MCA_btl_tcp_if_include=eth0",
                               "OMPI_MCA_orte_hnp_uri=x", "SLURM_JWT=secret", "odd", "LANG="}),
              UnorderedElementsAre(Pair("SLURM_JOB_ID", "7"), Pair("NCCL_DEBUG", "INFO"), Pair("OMPI_MCA_btl_tcp_if_include", "eth0"),
                                   Pair("LANG", "")));
}

}  // namespace
}  // namespace temper
