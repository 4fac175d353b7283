// Eighty cases after the documentation of OpenAI's graders (guide "Graders", reference "Graders", read in November 2026): what a grader's
// JSON says, a row, an answer, what models reply where they are asked, and the score.
#include <cstring>
#include <map>
#include <optional>
#include <string>

#include <gmock/gmock.h>

#include "cluster/base/error.h"
#include "reward/openai/judge.h"

namespace temper {
namespace {

using Item = std::map<std::string, std::string>;

struct Case {
  const char* about;
  std::string grader;
  Item item;
  const char* output;
  double score = 0;
  const char* error = "";                           // part of the message; "" = there is a score
  std::map<std::string, const char*> replies = {};  // of models, by the grader's key
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

std::string Score(const std::string& range = "[0, 1]", const std::string& content = "{{sample.output_text}}") {
  return R"({"type": "score_model", "name": "s", "model": "m", "range": )" + range + R"(, "input": [{"role": "user", "content": ")" +
         content + R"("}]})";
}
std::string Label(const std::string& passing) {
  return R"({"type": "label_model", "name": "l", "model": "m", "labels": ["good", "fair", "bad"], "passing_labels": )" + passing +
         R"(, "input": [{"role": "user", "content": "{{sample.output_text}}"}]})";
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
    // score_model
    {"the result is the score",
     Score(),
     {},
     "x",
     0.75,
     "",
     {{"", R"({"steps": [{"description": "d", "conclusion": "c"}], "result": 0.75})"}}},
    {"the result alone", Score(), {}, "x", 1, "", {{"", R"({"result": 1})"}}},
    {"a range", Score("[0, 5]"), {}, "x", 3.5, "", {{"", R"({"steps": [], "result": 3.5})"}}},
    {"a range below 0", Score("[-1, 1]"), {}, "x", -0.5, "", {{"", R"({"steps": [], "result": -0.5})"}}},
    {"the score is truncated to the range", Score("[0, 5]"), {}, "x", 5, "", {{"", R"({"steps": [], "result": 9})"}}},
    {"at its lower end, too", Score(), {}, "x", 0, "", {{"", R"({"steps": [], "result": -1.0})"}}},
    {"the range is 0 to 1 without one", Score("null"), {}, "x", 1, "", {{"", R"({"steps": [], "result": 3})"}}},
    {"outputs that are not numeric are 0", Score("[0, 5]"), {}, "x", 0, "", {{"", "It is good."}}},
    {"an answer without what a message reads scores 0", Score("[0, 5]", "{{sample.output_json.x}}"), {}, "no JSON", 0},
    {"a row without it is an error", Score("[0, 5]", "{{item.x}}"), {}, "x", 0, "the row has no column for {{item.x}}"},
    // label_model
    {"a passing label", Label(R"(["good"])"), {}, "x", 1, "", {{"", R"({"steps": [], "result": "good"})"}}},
    {"one of several", Label(R"(["good", "fair"])"), {}, "x", 1, "", {{"", R"({"steps": [], "result": "fair"})"}}},
    {"a label that does not pass", Label(R"(["good"])"), {}, "x", 0, "", {{"", R"({"steps": [], "result": "bad"})"}}},
    {"labels are case-sensitive", Label(R"(["good"])"), {}, "x", 0, "none of the labels", {{"", R"({"result": "Good"})"}}},
    // multi with models
    {"a model beside a check", Multi("0.5 * a + 0.5 * s", R"("s": )" + Score() + ", " + kTwo), kParis, "Paris", 0.75, "", {{"s", "0.5"}}},
    {"two models",
     Multi("s * l", R"("s": )" + Score("[0, 10]") + R"(, "l": )" + Label(R"(["good"])")),
     {},
     "x",
     7,
     "",
     {{"s", R"({"result": 7})"}, {"l", R"({"result": "good"})"}}},
    {"a label as a gate",
     Multi("s * l", R"("s": )" + Score() + R"(, "l": )" + Label(R"(["good"])")),
     {},
     "x",
     0,
     "",
     {{"s", R"({"result": 1})"}, {"l", R"({"result": "bad"})"}}},
    {"a range is scaled by the formula", Multi("(s - 1) / 4", R"("s": )" + Score("[1, 5]")), {}, "x", 0.5, "", {{"s", R"({"result": 3})"}}},
    {"a division by a model's 0", Multi("1 / s", R"("s": )" + Score()), {}, "x", 0, "no finite value", {{"s", R"({"result": 0})"}}},
    {"a model's fault is named with its grader",
     Multi("l", R"("l": )" + Label(R"(["good"])")),
     {},
     "x",
     0,
     "l: the model's reply",
     {{"l", "so so"}}},
};

TEST(OpenAiConformance, HasEightyCases) { EXPECT_EQ(std::size(kCases), 80U); }

TEST(OpenAiConformance, ScoresAsTheDocumentationSays) {
  for (const Case& each : kCases) {
    const OpenAiGrader grader = ParseOpenAiGrader(each.grader, each.about);
    const GradedSample sample{each.item, each.output};
    std::map<std::string, OpenAiScore> asked;
    for (const ModelQuestion& question : QuestionsOf(grader, sample, {})) {
      const OpenAiGrader& whose = question.grader.empty() ? grader : grader.graders.at(question.grader);
      asked[question.grader] =
          question.body.empty() ? question.score : ScoreOfReply(whose, each.replies.at(question.grader), BadReplies::kAsOpenAi);
    }
    const OpenAiScore score = ScoreOf(grader, sample, FuzzyMatch::kWRatio, asked);
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
      {"{", "job.json: not JSON"},
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
      {Check("eq", "{{item.x", "f"), "{{ without }}"},
      {Check("eq", "{{item.x | lower}}", "f"), "this is no path"},
      {Check("eq", "{{item.x[y]}}", "f"), "neither a number nor a name"},
      {Check("eq", "{{sample.tokens}}", "f"), "a sample has output_text, output_json and choices"},
      {Multi("c", kTwo), "calculate_output: formula 'c', character 2: there is no grader 'c'; there are a, b"},
      {Multi("x", R"("x": )" + Multi("a", kTwo)), "job.json: grader.graders.x: a multi grader cannot hold another one"},
      {R"({"type": "label_model", "model": "m", "input": [{"role": "user", "content": "x"}], "labels": ["a"], "passing_labels": ["b"]})",
       "passing_labels has b, which labels does not have"},
      {R"({"type": "score_model", "model": "m", "input": []})", "input must be a list of 1 to 100 messages"},
      {R"({"type": "score_model", "model": "m", "input": [{"role": "user", "content": "x"}], "range": [1, 0]})", "the smaller one first"},
      {R"({"type": "score_model", "model": "m", "input": [{"role": "user", "content": "x"}], "sampling_params": {"temperature": "hot"}})",
       R"(sampling_params.temperature is "hot")"},
      {R"({"type": "score_model", "model": "m", "input": [{"role": "user", "content": "x"}], "sampling_params": {"n": 2}})",
       "unknown key n"},
      {Multi("1", R"("": )" + Score()), "graders holds one without a name"},
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
  EXPECT_THAT(ParseOpenAiGrader(Multi("s", R"("s": )" + Score()), "m").Models(), testing::ElementsAre("m"));
}

}  // namespace
}  // namespace temper
