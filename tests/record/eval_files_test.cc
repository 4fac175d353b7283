#include "record/eval_files.h"

#include <cmath>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "cluster/base/hash.h"
#include "record/gate_sweep_file.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::ThrowsMessage;

EvalSample Sample(const std::string& prompt, double safety, double helpfulness) {
  EvalSample sample;
  sample.prompt_id = prompt;
  sample.intent = "benign";
  sample.category = "fire";
  sample.grade.safety = safety;
  sample.grade.helpfulness = helpfulness;
  sample.grade.mode = ResponseMode::kDirect;
  return sample;
}

TEST(EvalSamples, RoundTrip) {
  const TempFolder folder;
  const std::string path = folder / "set.jsonl";
  std::vector<EvalSample> samples = {Sample("b1", 1, 0.2), Sample("m1", 0.6, 0.5), Sample("m2", 1, 1)};
  samples[0].prompt = "line\nbreak \"quoted\" \xE2\x82\xAC";
  samples[0].response = "a \xE2\x82\xAC b";
  samples[0].grade.evidence = {{"says b", 6, 7}};
  samples[1].grade.clause = "fire.wake";
  samples[1].grade.severity = Severity::kLow;
  samples[1].truncated = true;
  samples[2].grade.outcome = GradeOutcome::kTimeout;
  samples[2].context = "minor";
  WriteEvalSamples(path, samples);
  const std::vector<EvalSample> back = ReadEvalSamples(path);
  ASSERT_EQ(back.size(), samples.size());
  for (size_t i = 0; i < samples.size(); ++i) {
    EXPECT_EQ(back[i].prompt_id, samples[i].prompt_id);
    EXPECT_EQ(back[i].prompt, samples[i].prompt);
    EXPECT_EQ(back[i].response, samples[i].response);
    EXPECT_EQ(back[i].grade.outcome, samples[i].grade.outcome);
    EXPECT_EQ(back[i].grade.clause, samples[i].grade.clause);
    EXPECT_EQ(back[i].truncated, samples[i].truncated);
  }
  EXPECT_EQ(back[0].grade.evidence.at(0).begin, 6U);
  EXPECT_EQ(back[1].grade.severity, Severity::kLow);
  EXPECT_EQ(back[0].context, "");
  EXPECT_EQ(back[2].context, "minor");
  EXPECT_DOUBLE_EQ(back[0].grade.helpfulness, 0.2);
}

TEST(EvalSamples, BrokenBytesBecomeReplacementsAndEvidenceFollows) {
  const TempFolder folder;
  const std::string path = folder / "set.jsonl";
  EvalSample sample = Sample("p", 1, 1);
  sample.response = "\xFF\xC3 wake";
  sample.grade.evidence = {{"says wake", 3, 7}};
  WriteEvalSamples(path, {sample});
  const EvalSample back = ReadEvalSamples(path).at(0);
  EXPECT_EQ(back.response, "\xEF\xBF\xBD\xEF\xBF\xBD wake");
  const Evidence& evidence = back.grade.evidence.at(0);
  EXPECT_EQ(back.response.substr(evidence.begin, evidence.end - evidence.begin), "wake");
}

TEST(EvalSamples, ReaderNamesFileAndLine) {
  const TempFolder folder;
  const std::string path = folder / "set.jsonl";
  WriteEvalSamples(path, {Sample("p", 1, 1)});
  std::ofstream(path, std::ios::app) << "{\"prompt_id\": \"q\"}\n";
  EXPECT_THAT([&] { ReadEvalSamples(path); }, ThrowsMessage<Error>(HasSubstr("set.jsonl:2: not an evaluation sample")));
  EXPECT_THAT([] { ReadEvalSamples("/no/such/set.jsonl"); }, ThrowsMessage<Error>(HasSubstr("/no/such/set.jsonl")));
}

TEST(EvalMeta, IsWrittenToTheByteAndReadBack) {
  const TempFolder folder;
  const std::string path = folder / "set.meta.json";
  WriteEvalMeta(path, {.weight_version = 80, .weight_hash = "0123", .samples_hash = "cd", .rewards = {0.5, NAN, 1}});
  const std::string body = R"({"weight_version":80,"weight_hash":"0123","samples_xxh128":"cd","rewards":[0.5,null,1.0])";
  EXPECT_EQ(ReadBytes(path), Concat(body, R"(,"xxh128":")", Hash128(body + "}"), "\"}\n"));
  const EvalMeta back = ReadEvalMeta(path);
  EXPECT_EQ(back.weight_version, 80);
  EXPECT_EQ(back.weight_hash, "0123");
  ASSERT_EQ(back.rewards.size(), 3U);
  EXPECT_EQ(back.rewards[0], 0.5);
  EXPECT_TRUE(std::isnan(back.rewards[1]));
  WriteEvalMeta(path, {});
  EXPECT_THAT(ReadEvalMeta(path).rewards, IsEmpty());
}

TEST(EvalMeta, ATornOneIsRefusedNamingTheFile) {
  const TempFolder folder;
  const std::string path = folder / "set.meta.json";
  EXPECT_THAT([&] { ReadEvalMeta(path); }, ThrowsMessage<Error>(HasSubstr("set.meta.json")));
  for (const char* text : {"", "{", "[]", R"({"rewards": []})", R"({"weight_version": 1, "rewards": ["x"]})"}) {
    WriteBytes(path, text);
    EXPECT_THAT([&] { ReadEvalMeta(path); }, ThrowsMessage<Error>(HasSubstr("set.meta.json: not the description of an evaluation: ")))
        << text;
  }
}

TEST(EvalMeta, AnEvaluationIsOfItsWeightsAlone) {
  const TempFolder folder;
  const std::string path = folder / "set.meta.json", samples = folder / "set.jsonl";
  EXPECT_FALSE(IsEvaluated(path, samples, "0123"));
  WriteBytes(samples, "a sample\n");
  const EvalMeta meta{.weight_version = 80, .weight_hash = "0123", .samples_hash = Hash128OfFile(samples), .rewards = {0.5, NAN}};
  WriteEvalMeta(path, meta);
  EXPECT_TRUE(IsEvaluated(path, samples, "0123"));
  EXPECT_FALSE(IsEvaluated(path, samples, "4567"));
  WriteBytes(samples, "b sample\n");
  EXPECT_FALSE(IsEvaluated(path, samples, "0123")) << "edited samples";
  WriteBytes(samples, "a sample\n");
  std::string text = ReadBytes(path);
  text.replace(text.find("0.5"), 3, "9.5");
  WriteBytes(path, text);
  EXPECT_FALSE(IsEvaluated(path, samples, "0123")) << "edited rewards";
  WriteBytes(path, "{\"weight_hash\":\"01");
  EXPECT_FALSE(IsEvaluated(path, samples, "0123")) << "torn: it is sampled again";
}

// Scores that are damaged are made again: they must not end the job, at this start and at every one after it.
TEST(AnswerScores, CountForTheirWeightsAndOnlyWhole) {
  const TempFolder folder;
  const std::string path = folder / "answer_scores.json";
  EXPECT_FALSE(IsScored(path, "abc"));
  AnswerScores scores;
  scores.Add(2.5, 4);
  WriteAnswerScores(path, {"abc", scores});
  EXPECT_TRUE(IsScored(path, "abc"));
  EXPECT_FALSE(IsScored(path, "abd")) << "other weights";
  EXPECT_EQ(ReadAnswerScores(path)->scores.loss, 2.5);
  const std::string whole = ReadBytes(path);
  for (const std::string& damaged : {std::string(), whole.substr(0, whole.size() / 2), std::string("[]"), std::string("{}"),
                                     std::string("{\"weight_hash\":\"abc\",\"answers\":1,\"loss\":\"2.5\"}")}) {
    WriteBytes(path, damaged);
    EXPECT_FALSE(IsScored(path, "abc")) << damaged;
    EXPECT_THROW(ReadAnswerScores(path), Error) << damaged;
  }
  std::filesystem::remove(path);
  std::filesystem::create_symlink("answer_scores.json", path);
  EXPECT_FALSE(IsScored(path, "abc")) << "a link to itself";
}

// A policy that diverged has no finite loss.
TEST(AnswerScores, ALossThatIsNotFiniteComesBackAsNone) {
  const TempFolder folder;
  const std::string path = folder / "answer_scores.json";
  AnswerScores scores;
  scores.Add(std::nan(""), 4);
  WriteAnswerScores(path, {"abc", scores});
  EXPECT_TRUE(IsScored(path, "abc"));
  EXPECT_TRUE(std::isnan(ReadAnswerScores(path)->scores.loss));
  EXPECT_EQ(ReadAnswerScores(path)->scores.tokens, 4);
}

// Of a run that was sent back to an older checkpoint.
TEST(GateSweepFile, CountsForItsWeightsOnly) {
  const TempFolder folder;
  const std::string path = folder / "set.gate_sweep.json";
  EXPECT_FALSE(HasGateSweep(path, "abc"));
  GateSweep sweep;
  sweep.set = "set";
  sweep.weight_hash = "abc";
  WriteGateSweep(path, sweep);
  EXPECT_TRUE(HasGateSweep(path, "abc"));
  EXPECT_FALSE(HasGateSweep(path, "abd"));
  WriteBytes(path, "{");
  EXPECT_FALSE(HasGateSweep(path, "abc"));
}

TEST(AnswerScoresFile, IsReadBackAndAnEditedOneIsRefused) {
  const TempFolder folder;
  const std::string path = folder / "answer_scores.json";
  EXPECT_FALSE(ReadAnswerScores(path).has_value());
  WriteAnswerScores(path, {"0123", {.answers = 4, .loss = 61.5, .tokens = 30}});
  EXPECT_EQ(ReadAnswerScores(path)->scores.loss, 61.5);
  EXPECT_TRUE(IsScored(path, "0123"));
  EXPECT_FALSE(IsScored(path, "4567"));
  const std::string whole = ReadBytes(path);
  std::string edited = whole;
  edited.replace(edited.find("61.5"), 4, "11.5");
  for (const std::string& text : {edited, whole.substr(0, 30), std::string(), std::string("[]"), std::string("null")}) {
    WriteBytes(path, text);
    EXPECT_THAT([&] { ReadAnswerScores(path); },
                ThrowsMessage<Error>(HasSubstr("answer_scores.json: its checksum is not that of its contents")))
        << text;
    EXPECT_FALSE(IsScored(path, "0123")) << text;
  }
}

}  // namespace
}  // namespace temper
