// Sixty cases after the documentation of OpenAI's graders (guide "Graders", reference "Graders", read in November 2026): what a grader's
// JSON says, a row, an answer, and the score.
#include <cstring>
#include <map>
#include <optional>
#include <string>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "reward/openai/score.h"

namespace temper {
namespace {

using Item = std::map<std::string, std::string>;

struct Case {
  const char* about;
  std::string grader;
  Item item;
  const char* output;
  double score = 0;
  const char* error = "";  // part of the message; "" = there is a score
};

std::string Check(const std::string& operation, const std::string& input, const std::string& reference) {
  return R"({"type": "string_check", "name": "c", "operation": ")" + operation + R"(", "input": ")" + input + R"(", "reference": ")" +
         reference + R"("})";
}
std::string Alike(const std::string& metric, const std::string& input = "{{sample.output_text}}",
                  const std::string& reference = "{{item.ref}}") {
  return R"({"type": "text_similarity", "name": "t", "evaluation_metric": ")" + metric + R"(", "input": ")" + input +
         R"(", "reference": ")" + reference + R"(", "pass_threshold": 0.5})";
}
std::string Multi(const std::string& formula, const std::string& graders) {
  return R"({"type": "multi", "name": "m", "calculate_output": ")" + formula + R"(", "graders": {)" + graders + "}}";
}

constexpr char kOutput[] = "{{sample.output_text}}", kRef[] = "{{item.ref}}";
const Item kParis = {{"ref", "Paris"}};
const std::string kNameAndEmail = R"("name": )" + Alike("fuzzy_match", "{{sample.output_json.name}}", "{{item.name}}") + R"(, "email": )" +
                                  Check("eq", "{{sample.output_json.email}}", "{{item.email}}");
const Item kJohn = {{"name", "John Doe"}, {"email", "john.doe@gmail.com"}};
const std::string kTwo = R"("a": )" + Check("eq", kOutput, kRef) + R"(, "b": )" + Check("like", kOutput, kRef);

const Case kCases[] = {
    // string_check
    {"eq: the input matches", Check("eq", kOutput, kRef), kParis, "Paris", 1},
    {"eq: it does not", Check("eq", kOutput, kRef), kParis, "London", 0},
    {"eq is case-sensitive", Check("eq", kOutput, kRef), kParis, "paris", 0},
    {"eq takes the whole text", Check("eq", kOutput, kRef), kParis, "Paris ", 0},
    {"ne: the input does not match", Check("ne", kOutput, kRef), kParis, "London", 1},
    {"ne: it matches", Check("ne", kOutput, kRef), kParis, "Paris", 0},
    {"ne is case-sensitive", Check("ne", kOutput, kRef), kParis, "PARIS", 1},
    {"like: the input contains the reference", Check("like", kOutput, kRef), kParis, "It is Paris.", 1},
    {"like: it does not", Check("like", kOutput, kRef), kParis, "It is Lyon.", 0},
    {"like is case-sensitive", Check("like", kOutput, kRef), kParis, "it is paris", 0},
    {"like: not the other way round", Check("like", kOutput, kRef), kParis, "Par", 0},
    {"ilike: the input contains the reference in another case", Check("ilike", kOutput, kRef), kParis, "IT IS PARIS", 1},
    {"ilike: it does not", Check("ilike", kOutput, kRef), kParis, "it is Lyon", 0},
    {"a fixed reference", Check("eq", kOutput, "yes"), {}, "yes", 1},
    {"input and reference change places", Check("eq", kRef, kOutput), kParis, "Paris", 1},
    {"every text contains the empty one", Check("like", kOutput, ""), {}, "anything", 1},
    {"regexes mean nothing", Check("like", kOutput, ".*"), {}, "anything", 0},
    // templates
    {"spaces inside the braces", Check("eq", "{{ sample.output_text }}", "{{ item.ref }}"), kParis, "Paris", 1},
    {"text around a variable", Check("eq", kOutput, "I live in {{item.ref}}!"), kParis, "I live in Paris!", 1},
    {"two variables", Check("eq", kOutput, "{{item.a}}-{{item.b}}"), {{"a", "1"}, {"b", "2"}}, "1-2", 1},
    {"a nested variable", Check("eq", kOutput, "{{item.meta.city}}"), {{"meta", R"({"city": "Rome"})"}}, "Rome", 1},
    {"a place in a list", Check("eq", kOutput, "{{item.list[1]}}"), {{"list", R"(["a", "b"])"}}, "b", 1},
    {"lists in objects", Check("eq", kOutput, "{{item.m.x[0].y}}"), {{"m", R"({"x": [{"y": "z"}]})"}}, "z", 1},
    {"a name in quotes", Check("eq", kOutput, "{{item.m['a b']}}"), {{"m", R"({"a b": "q"})"}}, "q", 1},
    {"a number is written as JSON", Check("eq", kOutput, "{{item.m.n}}"), {{"m", R"({"n": 1.5})"}}, "1.5", 1},
    {"an object is written as JSON", Check("eq", kOutput, "{{item.m.o}}"), {{"m", R"({"o": {"k": [1]}})"}}, R"({"k":[1]})", 1},
    {"the answer as JSON", Check("eq", "{{sample.output_json.city}}", kRef), kParis, R"({"city": "Paris"})", 1},
    {"nested parts of the answer as JSON", Check("eq", "{{sample.output_json.a.b[0]}}", "7"), {}, R"({"a": {"b": [7]}})", 1},
    {"an answer that is no JSON scores 0", Check("eq", "{{sample.output_json.city}}", kRef), kParis, "Paris", 0},
    {"so does one without the key", Check("eq", "{{sample.output_json.city}}", kRef), kParis, R"({"town": "Paris"})", 0},
    {"even where ne would give 1", Check("ne", "{{sample.output_json.city}}", kRef), kParis, "no JSON", 0},
    {"choices hold the message", Check("eq", "{{sample.choices[0].message.content}}", kRef), kParis, "Paris", 1},
    {"what an answer says is no template", Check("eq", kOutput, kRef), {{"ref", "x"}}, "{{item.ref}}", 0},
    {"what a row says is none either", Check("eq", kOutput, kRef), {{"ref", "{{sample.output_text}}"}}, "x", 0},
    {"a row without the column is an error", Check("eq", kOutput, "{{item.other}}"), kParis, "Paris", 0,
     "the row has no column for {{item.other}}"},
    {"a row without the nested value, too",
     Check("eq", kOutput, "{{item.m.x}}"),
     {{"m", "{}"}},
     "",
     0,
     "the row has nothing at {{item.m.x}}"},
    // text_similarity
    {"fuzzy_match of equal texts", Alike("fuzzy_match"), kParis, "Paris", 1},
    {"fuzzy_match forgives a misspelling", Alike("fuzzy_match"), {{"ref", "John Doe"}}, "Jon Doe", 14.0 / 15},
    {"fuzzy_match of nothing in common", Alike("fuzzy_match"), {{"ref", "abc"}}, "xyz", 0},
    {"bleu of equal texts", Alike("bleu"), {{"ref", "the cat is on the mat"}}, "the cat is on the mat", 1},
    {"bleu of nothing in common", Alike("bleu"), {{"ref", "the cat"}}, "a dog", 0},
    {"gleu", Alike("gleu"), {{"ref", "the cat is on the mat"}}, "the cat sat on the mat", 0.5},
    {"rouge_1", Alike("rouge_1"), {{"ref", "the cat is on the mat"}}, "the cat sat on the mat", 5.0 / 6},
    {"rouge_2", Alike("rouge_2"), {{"ref", "the cat is on the mat"}}, "the cat sat on the mat", 0.6},
    {"rouge_3", Alike("rouge_3"), {{"ref", "the cat is on the mat"}}, "the cat sat on the mat", 0.25},
    {"rouge_4", Alike("rouge_4"), {{"ref", "the cat is on the mat"}}, "the cat sat on the mat", 0},
    {"rouge_5", Alike("rouge_5"), {{"ref", "a b c d e"}}, "a b c d e", 1},
    {"rouge_l", Alike("rouge_l"), {{"ref", "the cat is on the mat"}}, "the cat sat on the mat", 5.0 / 6},
    // multi
    {"the guide's example: both right", Multi("(name + email) / 2", kNameAndEmail), kJohn,
     R"({"name": "John Doe", "email": "john.doe@gmail.com"})", 1},
    {"a misspelt name costs a little", Multi("(name + email) / 2", kNameAndEmail), kJohn,
     R"({"name": "Jon Doe", "email": "john.doe@gmail.com"})", (14.0 / 15 + 1) / 2},
    {"a wrong email costs half", Multi("(name + email) / 2", kNameAndEmail), kJohn, R"({"name": "John Doe", "email": "jd@gmail.com"})",
     0.5},
    {"no JSON scores 0", Multi("(name + email) / 2", kNameAndEmail), kJohn, "John Doe", 0},
    {"weights", Multi("0.25 * a + 0.75 * b", kTwo), kParis, "in Paris", 0.75},
    {"min and max", Multi("max(a, b) - min(a, b)", kTwo), kParis, "in Paris", 1},
    {"power, abs, floor, ceil", Multi("abs(a - b) ^ 2 + floor(0.5) + ceil(0.2)", kTwo), kParis, "in Paris", 2},
    {"exp, sqrt, log", Multi("log(exp(b)) + sqrt(4 * b)", kTwo), kParis, "in Paris", 3},
    {"a value that is no number is an error", Multi("1 / a", kTwo), kParis, "in Paris", 0, "no finite value"},
    {"a row's fault is named with its grader", Multi("a", R"("a": )" + Check("eq", kOutput, "{{item.none}}")), kParis, "Paris", 0,
     "a: the row has no column"},
    {"two multis with one name", Multi("a * 1", kTwo), kParis, "Paris", 1},
    {"negative scores", Multi("a - 1", kTwo), kParis, "in Paris", -1},
};

TEST(OpenAiConformance, HasSixtyCases) { EXPECT_EQ(std::size(kCases), 60U); }

TEST(OpenAiConformance, ScoresAsTheDocumentationSays) {
  for (const Case& each : kCases) {
    const OpenAiGrader grader = ParseOpenAiGrader(each.grader, each.about);
    const OpenAiScore score = ScoreOf(grader, {each.item, each.output}, FuzzyMatch::kWRatio, {});
    if (std::strlen(each.error) > 0) {
      EXPECT_THAT(score.error, testing::HasSubstr(each.error)) << each.about;
      continue;
    }
    EXPECT_EQ(score.error, "") << each.about;
    EXPECT_NEAR(score.value, each.score, 1e-12) << each.about;
  }
}

std::string Problem(const std::string& grader) {
  try {
    ParseOpenAiGrader(grader, "job.json");
    return "";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

TEST(OpenAiGraderJson, IsRefusedWithThePlaceAndTheReason) {
  const std::pair<std::string, const char*> kRefused[] = {
      {"{", "job.json: no JSON"},
      {"[]", "a grader must be an object"},
      {"{}", "job.json: grader: the key type is missing"},
      {R"({"type": "regex"})", "type is regex; there are string_check, text_similarity, score_model, label_model, multi"},
      {R"({"type": "python", "source": "def grade(sample, item): return 1.0"})", "in a grader of type command"},
      {R"({"type": "string_check", "input": "a", "reference": "b"})", "the key operation is missing"},
      {Check("matches", "a", "b"), "operation is matches; there are eq, ne, like, ilike"},
      {Alike("cosine"), "compares embeddings"},
      {Alike("meteor"), "WordNet"},
      {Alike("jaccard"), "evaluation_metric is jaccard"},
      {Check("eq", "{{sample.output_tools[0].function.name}}", "f"), "Temper's answers are texts without tool calls"},
      {Check("eq", "{{ data.x }}", "f"), "input: byte 0: {{ data.x }}: there is no such namespace"},
      {Check("eq", "{{item}}", "f"), "it names no variable"},
      {Check("eq", "{{item.x", "f"), "{{ without its }}"},
      {Check("eq", "{{item.x | lower}}", "f"), "this is no path"},
      {Check("eq", "{{item.x[y]}}", "f"), "neither a number nor a name"},
      {Check("eq", "{{sample.tokens}}", "f"), "a sample has output_text, output_json and choices"},
      {Multi("c", kTwo), "calculate_output: formula 'c', character 2: there is no grader 'c'; there are a, b"},
      {Multi("x", R"("x": )" + Multi("a", kTwo)), "job.json: grader.graders.x: a multi grader cannot hold another one"},
      {R"({"type": "label_model", "model": "m", "input": [{"role": "user", "content": "x"}], "labels": ["a"], "passing_labels": ["b"]})",
       "passing_labels has b, which labels does not have"},
      {R"({"type": "score_model", "model": "m", "input": []})", "input must be a list of 1 to 100 messages"},
      {R"({"type": "score_model", "model": "m", "input": [{"role": "user", "content": "x"}], "range": [1, 0]})", "the smaller one first"},
      {R"({"method": {"type": "supervised"}})", "no method.reinforcement.grader"},
  };
  for (const auto& [grader, reason] : kRefused) EXPECT_THAT(Problem(grader), testing::HasSubstr(reason)) << grader;
}

TEST(OpenAiGraderJson, IsFoundInAJobAndNamesTheColumnsItReads) {
  const std::string job = R"({"model": "o4-mini", "method": {"type": "reinforcement", "reinforcement": {"grader": )" +
                          Multi("(name + email) / 2", kNameAndEmail) + "}}}";
  const OpenAiGrader grader = ParseOpenAiGrader(job, "job.json");
  EXPECT_EQ(grader.kind, OpenAiGraderKind::kMulti);
  EXPECT_THAT(grader.Columns(), testing::ElementsAre("email", "name"));
  EXPECT_FALSE(grader.AsksModel());
}

constexpr char kScoreModel[] = R"({"type": "score_model", "name": "s", "model": "judge-1", "range": [0, 5],
  "input": [{"role": "system", "content": "Grade."}, {"role": "user", "content": [{"type": "input_text", "text": "{{item.ref}}: {{sample.output_text}}"}]}],
  "sampling_params": {"temperature": 0, "max_completions_tokens": 64, "seed": null}})";
constexpr char kLabelModel[] =
    R"({"type": "label_model", "name": "l", "model": "judge-1", "labels": ["good", "bad"], "passing_labels": ["good"],
  "input": [{"role": "user", "content": "{{sample.output_text}}"}]})";

TEST(OpenAiModelGrader, AsksForAScoreInOpenAisForm) {
  const OpenAiGrader grader = ParseOpenAiGrader(kScoreModel, "s");
  ASSERT_TRUE(grader.AsksModel());
  const auto questions = QuestionsOf(grader, {kParis, "It is \"Paris\""}, "");
  ASSERT_EQ(questions.size(), 1U);
  const auto body = nlohmann::json::parse(questions[0].body);
  EXPECT_EQ(body["model"], "judge-1");
  EXPECT_EQ(body["messages"][0], (nlohmann::json{{"role", "system"}, {"content", "Grade."}}));
  EXPECT_EQ(body["messages"][1]["content"], "Paris: It is \"Paris\"");
  EXPECT_EQ(body["temperature"], 0);
  EXPECT_EQ(body["max_completion_tokens"], 64);
  EXPECT_FALSE(body.contains("seed"));
  EXPECT_EQ(body["response_format"]["json_schema"]["schema"]["properties"]["result"]["type"], "number");
  EXPECT_EQ(nlohmann::json::parse(QuestionsOf(grader, {kParis, ""}, "mine")[0].body)["model"], "mine");
}

TEST(OpenAiModelGrader, LimitsAScoreToItsRangeAndTakesNoNumberForZero) {
  const OpenAiGrader grader = ParseOpenAiGrader(kScoreModel, "s");
  const std::pair<const char*, double> kReplies[] = {{R"({"steps": [], "result": 3.5})", 3.5},
                                                     {R"({"result": 9})", 5},
                                                     {R"({"result": -1})", 0},
                                                     {R"({"result": "4"})", 4},
                                                     {"2.5", 2.5},
                                                     {"I would say 4", 0},
                                                     {R"({"score": 4})", 0},
                                                     {"", 0}};
  for (const auto& [reply, value] : kReplies) {
    const OpenAiScore score = ScoreOfReply(grader, reply);
    EXPECT_EQ(score.error, "") << reply;
    EXPECT_DOUBLE_EQ(score.value, value) << reply;
  }
}

TEST(OpenAiModelGrader, PassesALabelAndRefusesWhatIsNone) {
  const OpenAiGrader grader = ParseOpenAiGrader(kLabelModel, "l");
  EXPECT_DOUBLE_EQ(ScoreOfReply(grader, R"({"steps": [], "result": "good"})").value, 1);
  EXPECT_DOUBLE_EQ(ScoreOfReply(grader, R"({"result": "bad"})").value, 0);
  EXPECT_DOUBLE_EQ(ScoreOfReply(grader, "good").value, 1);
  EXPECT_THAT(ScoreOfReply(grader, R"({"result": "fair"})").error, testing::HasSubstr("none of the labels"));
}

TEST(OpenAiModelGrader, ReadsAChatCompletion) {
  const OpenAiGrader grader = ParseOpenAiGrader(kScoreModel, "s");
  EXPECT_DOUBLE_EQ(ScoreOfCompletion(grader, R"({"choices": [{"message": {"role": "assistant", "content": "{\"result\": 2}"}}]})").value,
                   2);
  for (const char* body : {"", "{}", R"({"choices": []})", R"({"choices": [{"message": {"content": null, "refusal": "no"}}]})"})
    EXPECT_THAT(ScoreOfCompletion(grader, body).error, testing::HasSubstr("no chat completion")) << body;
}

TEST(OpenAiModelGrader, IsOneOfAMultiGraders) {
  const OpenAiGrader grader =
      ParseOpenAiGrader(Multi("0.5 * a + judge / 10", R"("a": )" + Check("like", kOutput, kRef) + R"(, "judge": )" + kScoreModel), "m");
  const auto questions = QuestionsOf(grader, {kParis, "in Paris"}, "");
  ASSERT_EQ(questions.size(), 1U);
  EXPECT_EQ(questions[0].grader, "judge");
  EXPECT_DOUBLE_EQ(ScoreOf(grader, {kParis, "in Paris"}, FuzzyMatch::kWRatio, {{"judge", {.value = 4}}}).value, 0.9);
  EXPECT_THAT(ScoreOf(grader, {kParis, "in Paris"}, FuzzyMatch::kWRatio, {{"judge", {.error = "no reply"}}}).error,
              testing::HasSubstr("judge: no reply"));
}

}  // namespace
}  // namespace temper
