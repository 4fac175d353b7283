// `temper probe directions` as a process, on a model with a planted direction, and `temper generate` steered by what it wrote.
#include <cstdlib>
#include <regex>
#include <string>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>

#include "cluster/base/error.h"
#include "policy/formats/hf_checkpoint.h"
#include "tests/support/planted_model.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The number of the first word that is printed, -1 where there is none.
int FirstWord(const std::string& printed) {
  std::smatch match;
  return std::regex_search(printed, match, std::regex("\\bw(\\d+)")) ? std::stoi(match[1]) : -1;
}

class DirectionsCommandTest : public testing::Test {
 protected:
  DirectionsCommandTest() {
    const PlantedModel planted;
    SaveHfModel(planted.model, {.tokenizer_json = planted.tokenizer_json}, folder_ / "model");
    KeyedStream stream(1, "prompts");
    std::string csv = "id,text,label\n";
    for (int i = 0; i < 400; ++i) csv += Concat(i, ",", PlantedModel::Prompt(&stream, i % 2 == 0), ",", i % 2 == 0 ? "bad" : "good", "\n");
    WriteBytes(folder_ / "prompts.csv", csv);
  }

  // What the command printed, standard error included.
  std::string Run(const std::string& arguments, int exit_code = kExitDone) const {
    const std::string command = Concat("cd ", folder_.path(), " && ", TEMPER_BINARY, " ", arguments, " > out 2>&1 < /dev/null");
    const int status = std::system(command.c_str());
    const std::string out = ReadBytes(folder_ / "out");
    EXPECT_EQ(WEXITSTATUS(status), exit_code) << arguments << "\n" << out;
    return out;
  }

  static constexpr const char* kFiles =
      "probe directions --model model --harmful prompts.csv:text:label=bad --harmless prompts.csv:text:label=good ";
  const TempFolder folder_;
};

TEST_F(DirectionsCommandTest, FindsMeasuresAndAblatesThePlantedDirection) {
  const std::string out = Run(Concat(kFiles, "--ablate harm --out d.json"));
  EXPECT_THAT(out, HasSubstr("layer  |v_harm|"));
  EXPECT_THAT(out, HasSubstr("TF-IDF + logistic"));
  EXPECT_THAT(out, HasSubstr("prompts label=bad (yes)"));
  const auto json = nlohmann::json::parse(ReadBytes(folder_ / "d.json"));
  EXPECT_EQ(json["layers"], 4);
  ASSERT_EQ(json["layers_table"].size(), 4U);
  const auto area = [](const nlohmann::json& figures) { return figures["auroc"]["mean"].get<double>(); };
  EXPECT_GT(area(json["guards"]["harm"]["guard"]), 0.99);
  EXPECT_GT(json["guards"]["harm"]["guard"]["accuracy"]["mean"], 0.95);
  EXPECT_LT(json["guards"]["harm"]["guard"]["accuracy"]["interval"][0], json["guards"]["harm"]["guard"]["accuracy"]["mean"]);
  const nlohmann::json& ablated = json["ablated"]["harm"]["harm"];
  EXPECT_EQ(area(ablated["as_it_is"]), area(json["guards"]["harm"]["guard"]));
  EXPECT_LT(area(ablated["means_again"]), 0.75);  // nothing else sets the words apart
}

TEST_F(DirectionsCommandTest, AddsTheSumsOfParts) {
  Run(Concat(kFiles, "--out one.json"));
  Run(Concat(kFiles, "--part one.json --out two.json"));
  const auto one = nlohmann::json::parse(ReadBytes(folder_ / "one.json")), two = nlohmann::json::parse(ReadBytes(folder_ / "two.json"));
  for (const char* side : {"with", "without"}) {
    EXPECT_EQ(two["directions"][0][side]["rows"].get<int>(), 2 * one["directions"][0][side]["rows"].get<int>());
    EXPECT_EQ(two["directions"][0][side]["sums"][1][5].get<double>(), 2 * one["directions"][0][side]["sums"][1][5].get<double>());
  }
}

// 100 accepted prompts take the place of the 200 harmless ones; the harmful ones stay what is refused.
TEST_F(DirectionsCommandTest, AcceptedPromptsAloneStandForTheHarmlessOnes) {
  KeyedStream stream(2, "prompts");
  std::string csv = "prompt\n";
  for (int i = 0; i < 100; ++i) csv += PlantedModel::Prompt(&stream, false) + "\n";
  WriteBytes(folder_ / "accepted.csv", csv);
  Run(Concat(kFiles, "--accepted accepted.csv --out d.json"));
  const auto json = nlohmann::json::parse(ReadBytes(folder_ / "d.json"));
  const nlohmann::json &harm = json["directions"][0], &refusal = json["directions"][1];
  EXPECT_LE(refusal["without"]["rows"].get<int>(), 100);
  EXPECT_GT(refusal["without"]["rows"].get<int>(), 30);
  EXPECT_EQ(refusal["with"]["rows"], harm["with"]["rows"]);
}

TEST_F(DirectionsCommandTest, SteersWhatGenerateSays) {
  Run(Concat(kFiles, "--out d.json"));
  const char* kGenerate = "generate --model model --prompt 'w4 w5 w6' --temperature 0 --max-new-tokens 6 ";
  const std::string plain = Run(kGenerate);
  EXPECT_EQ(Run(Concat(kGenerate, "--steer d.json:harm=0")), plain);
  // With tied embeddings the stream along the planted direction gives the words that carry it the highest logits.
  const std::string steered = Run(Concat(kGenerate, "--steer d.json:harm=50:3"));
  EXPECT_NE(steered, plain);
  EXPECT_GE(FirstWord(steered), PlantedModel::kMiddle);
  ASSERT_GE(FirstWord(plain), 0) << plain;
  const std::string away = Run(Concat(kGenerate, "--steer d.json:harm=-50:3"));
  EXPECT_LT(FirstWord(away), PlantedModel::kMiddle);
  Run(Concat(kGenerate, "--ablate d.json:harm"));
  EXPECT_THAT(Run(Concat(kGenerate, "--steer d.json:kindness=1"), kExitConfig), HasSubstr("it has harm, refusal"));
}

TEST_F(DirectionsCommandTest, FollowsThemOverModelsAndFindsAFall) {
  Run(Concat(kFiles, "--out d.json"));
  PlantedModel weaker;
  weaker.Plant(-0.95);
  SaveHfModel(weaker.model, {.tokenizer_json = weaker.tokenizer_json}, folder_ / "weaker");
  const std::string follow =
      "probe follow d.json --harmful prompts.csv:text:label=bad --harmless prompts.csv:text:label=good --out f.json ";
  EXPECT_THAT(Run(Concat(follow, "--model model --model model")), Not(HasSubstr("finding")));
  // What remains of the vector still sets the classes apart.
  EXPECT_THAT(Run(Concat(follow, "--model model --model weaker")), HasSubstr("finding: weaker: refusal falls while harm stays seen"));
  const auto json = nlohmann::json::parse(ReadBytes(folder_ / "f.json"));
  EXPECT_LT(json["points"][1]["refusal_gap"], json["points"][0]["refusal_gap"]);
  EXPECT_LT(json["points"][1]["refusal_change_interval"][1], 0.0);
  EXPECT_EQ(json["findings"].size(), 1U);
}

TEST_F(DirectionsCommandTest, SaysWhatItCannotUse) {
  EXPECT_THAT(Run("probe directions --model model --harmful prompts.csv:text --harmless prompts.csv:text --out d.json", kExitConfig),
              HasSubstr("files of both classes"));
  EXPECT_THAT(Run("probe directions --model model --harmful prompts.csv --harmless prompts.csv:text --out d.json", kExitConfig),
              HasSubstr("no column 'prompt'"));
  EXPECT_THAT(Run(Concat(kFiles, "--ablate kindness --out d.json"), kExitConfig), HasSubstr("harm and refusal"));
  EXPECT_THAT(Run(Concat(kFiles, "--limit 1 --out d.json"), kExitConfig), HasSubstr("give more prompts"));
  std::string many = "w5";
  for (int i = 0; i < 40; ++i) many += " w6";
  WriteBytes(folder_ / "long.csv", "prompt\n" + many + "\n");
  EXPECT_THAT(Run(Concat(kFiles, "--harmless long.csv --out d.json"), kExitConfig), HasSubstr("positions: w5 w6"));
}

}  // namespace
}  // namespace temper
