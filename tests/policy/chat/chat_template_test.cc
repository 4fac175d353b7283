// Against what transformers makes of the same templates (tests/golden/chat_template_golden.py), and what only this subset promises: named
// places of errors, limits, the assistant's spans.
#include "policy/chat/chat_template.h"

#include <ctime>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kGolden = std::string(TEMPER_SOURCE_DIR) + "/tests/golden/chat_template/";

Json Golden(const std::string& name) { return Json::parse(ReadBytes(kGolden + name)); }

// What an expression throws, as text; "" where it throws nothing.
template <typename Function>
std::string MessageOf(const Function& function) {
  try {
    function();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

// The text of a template without messages.
std::string Rendered(const std::string& text, const ChatOptions& options = {}) {
  ChatOptions as_given = options;
  as_given.messages_as_given = true;
  return ChatTemplate("t", text).Render(Json::array(), as_given).text;
}

std::string ErrorOf(const std::string& text, const ChatOptions& options = {}) {
  return MessageOf([&] { Rendered(text, options); });
}

ChatOptions OptionsOf(const Json& golden, int64_t now) {
  ChatOptions options;
  options.now = now;
  options.add_generation_prompt = golden.value("add_generation_prompt", false);
  if (golden.contains("tools")) options.tools = golden["tools"];
  if (golden.contains("documents")) options.documents = golden["documents"];
  if (golden.contains("variables")) options.variables = golden["variables"];
  return options;
}

void ExpectAsGolden(const ChatTemplate& chat_template, const Json& chat, const ChatOptions& options, const Json& expected) {
  try {
    const RenderedChat made = chat_template.Render(chat, options);
    ASSERT_TRUE(expected.contains("text")) << "should fail with: " << expected["error"];
    EXPECT_EQ(made.text, expected["text"].get<std::string>());
    Json spans = Json::array();
    for (const ChatSpan& span : made.generated) spans.push_back({span.begin, span.end});
    EXPECT_EQ(spans, expected.value("spans", Json::array()));
  } catch (const jinja::TemplateError& error) {
    ASSERT_TRUE(expected.contains("error")) << error.what() << "; should be: " << expected["text"];
    if (expected["raised"]) {
      EXPECT_EQ(error.message(), expected["error"].get<std::string>());
    }
  }
}

TEST(ChatTemplateTest, RendersWhatTransformersRenders) {
  setenv("TZ", "UTC", 1);
  const Json golden = Golden("chats.json");
  std::map<std::string, std::string> tokens;
  for (const auto& [name, token] : golden["special_tokens"].items()) tokens[name] = token;
  ASSERT_GE(golden["results"].size(), 12u);
  for (const auto& [name, results] : golden["results"].items()) {
    const ChatTemplate chat_template(name, ReadBytes(kGolden + "templates/" + name), tokens);
    for (size_t chat = 0; chat < golden["chats"].size(); ++chat) {
      for (size_t option = 0; option < golden["options"].size(); ++option) {
        SCOPED_TRACE(Concat(name, " chat ", chat, " options ", option));
        const ChatOptions options = OptionsOf(golden["options"][option], golden["now"]);
        ExpectAsGolden(chat_template, golden["chats"][chat], options, results[chat][option]);
      }
    }
  }
}

TEST(ChatTemplateTest, EvaluatesEverySnippetAsJinja2) {
  ChatOptions options;
  options.messages_as_given = true;
  options.variables = Golden("variables.json");
  const Json snippets = Golden("snippets.json");
  ASSERT_GT(snippets.size(), 350u);
  for (const Json& snippet : snippets) {
    const auto text = snippet["template"].get<std::string>();
    SCOPED_TRACE(text);
    try {
      ExpectAsGolden(ChatTemplate("snippet", text), Json::array(), options, snippet);
    } catch (const jinja::TemplateError& error) {
      EXPECT_TRUE(snippet.contains("error")) << error.what();
    }
  }
}

TEST(ChatTemplateTest, NamesWhatIsNotSupportedAndWhere) {
  EXPECT_EQ(ErrorOf("a\n {{ 'é' | nosuch }}"), "t:2:11: no filter named 'nosuch' is supported");
  EXPECT_EQ(ErrorOf("{{ 1 | urlize }}"), "t:1:8: no filter named 'urlize' is supported");
  EXPECT_EQ(ErrorOf("{{ 1 is nosuch }}"), "t:1:9: no test named 'nosuch' is supported");
  EXPECT_EQ(ErrorOf("{{ 'a'.encode() }}"), "t:1:8: the method 'encode' of str is not supported");
  EXPECT_EQ(ErrorOf("{{ '{:>5}'.format(1) }}"), "t:1:12: '{:>5}' in format(): conversions and format specifications are not supported");
  EXPECT_EQ(ErrorOf("{{ joiner(',') }}"), "t:1:4: the function 'joiner' is not supported");
  EXPECT_EQ(ErrorOf("\n\n  {% block x %}{% endblock %}"), "t:3:6: unknown or unsupported tag 'block'");
  EXPECT_EQ(ErrorOf("{% call m() %}{% endcall %}"), "t:1:4: unknown or unsupported tag 'call'");
  EXPECT_EQ(ErrorOf("{% for x in y recursive %}{% endfor %}"), "t:1:15: {% for ... recursive %} is not supported");
}

TEST(ChatTemplateTest, SaysWhereARenderingFailed) {
  const std::string text = "{% for m in messages %}\n{{ m.role }}\n  {{ m.tools.name + m.missing.deeper }}\n{% endfor %}";
  const ChatTemplate chat_template("dir/chat_template.jinja", text);
  const Json chat = Json::parse(R"([{"role": "user", "tools": {"name": "n"}}])");
  EXPECT_EQ(MessageOf([&] { chat_template.Render(chat); }), "dir/chat_template.jinja:3:31: 'dict object' has no attribute 'missing'");
  EXPECT_EQ(ErrorOf("x\r\ny{{ raise_exception('no ' ~ 'way') }}"), "t:2:5: no way");
  EXPECT_EQ(ErrorOf("{% if true %}\n{% for x in [] %}"), "t:2:4: Unexpected end of template: the block 'for' misses its 'endfor'");
  EXPECT_EQ(ErrorOf("\xff"), "t:1:1: not UTF-8 at byte 0");
}

TEST(ChatTemplateTest, RefusesWhatIsNoChat) {
  const ChatTemplate chat_template("t", "{{ messages }}");
  EXPECT_EQ(MessageOf([&] { chat_template.Render(Json::array()); }), "chat template t: there is no message");
  EXPECT_EQ(MessageOf([&] { chat_template.Render(Json::object()); }), "chat template t: the messages are not a list");
  EXPECT_EQ(MessageOf([&] { chat_template.Render(Json::parse("[1]")); }),
            "chat template t: message 0 is not an object with a role and a content");
  ChatOptions options;
  options.tools = Json::object();
  EXPECT_EQ(MessageOf([&] { chat_template.Render(Json::parse("[{}]"), options); }), "chat template t: tools and documents are lists");
}

TEST(ChatTemplateTest, GivesMessagesAsTheyAreWhenAsked) {
  const ChatTemplate chat_template("t", "{{ messages }}");
  const Json chat = Json::parse(R"([{"role": "a", "content": null, "reasoning": "r"}])");
  ChatOptions options;
  EXPECT_EQ(chat_template.Render(chat, options).text, "[{'thinking': 'r', 'role': 'a', 'reasoning': 'r', 'reasoning_content': 'r'}]");
  options.messages_as_given = true;
  EXPECT_EQ(chat_template.Render(chat, options).text, "[{'role': 'a', 'content': None, 'reasoning': 'r'}]");
}

// Templates that would take for ever, or all memory, or the stack.
TEST(ChatTemplateTest, StopsHostileTemplates) {
  const std::vector<std::pair<std::string, std::string>> hostile = {
      {"{{ range(10**12) }}", "Range too big"},
      {"{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}", "steps"},
      {"{% set t = 'a' * 2000000 %}{% set p = 'a' * 1000000 ~ 'b' %}{% for i in range(5000) %}{{ p in t }}{% endfor %}", "steps"},
      {"{{ ('a' * 4000000).rfind('b' ~ 'a' * 2000000) }}", "steps"},
      {"{{ ('a' * 4000000).rsplit('b' ~ 'a' * 2000000) }}", "steps"},
      {"{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "levels deep"},
      {"{% macro m(n) %}{% for i in [1, 2] %}{% if n %}{{ m(n - 1) }}{% endif %}{% endfor %}{% endmacro %}{{ m(100) }}", "bytes"},
      {"{{ 'a' * 10**12 }}", "bytes"},
      {"{{ ('a' * 10**6).replace('a', 'b' * 10**6) }}", "bytes"},
      {"{{ ([0] * 10**9) | length }}", "bytes"},
      {"{{ '%9999s' % 1 * 10**9 }}", "bytes"},
      {"{{ 'a'.ljust(10**12) }}", "bytes"},
      {"{{ [1] | tojson(indent='x' * 10**8) | length }}{{ [[[[1]]]] | tojson(indent='x' * 10**8) }}", "bytes"},
      {"{{ 2 ** 10 ** 99 }}", "127 bits"},
      {"{% set ns = namespace(x='aa') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}", "bytes"},
      {"{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}", "steps"},
      {"{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor "
       "%}"
       "{{ ns.x == ns.y }}",
       "steps"},
      {"{% set ns = namespace(x=1) %}{% for i in range(5000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}", "levels deep"},
      {"{% set ns = namespace(x=[1]) %}{% for i in range(100000) %}{% set ns.x = ns.x | select %}{% endfor %}{{ ns.x | list }}",
       "levels deep"},
      {"{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}", "levels deep"},
      {"{{ " + std::string(500, '(') + "1" + std::string(500, ')') + " }}", "nested too deep"},
      {"{{ " + std::string(5000, '-') + "1 }}", "nested too deep"},
      {"{{ 1" +
           [] {
             std::string sum;
             for (int i = 0; i < 2000; ++i) sum += "+1";
             return sum;
           }() +
           " }}",
       "levels"},
      {[] {
         std::string ifs;
         for (int i = 0; i < 2000; ++i) ifs += "{% if 1 %}";
         return ifs;
       }(),
       "nested too deep"},
      {std::string(3 << 20, 'x'), "bytes"}};
  for (const auto& [text, reason] : hostile) {
    const std::clock_t begin = std::clock();
    EXPECT_THAT(ErrorOf(text), HasSubstr(reason)) << text.substr(0, 200);
    // A second of the processor's time; the sanitizers are ten times slower.
    EXPECT_LT(std::clock() - begin, 60 * CLOCKS_PER_SEC) << text.substr(0, 200);
  }
}

TEST(ChatTemplateTest, LimitsAreTheCallers) {
  ChatOptions options;
  options.limits.steps = 100;
  EXPECT_EQ(ErrorOf("{% for i in range(1000) %}{% endfor %}", options), "t:1:8: the template takes more than 100 steps");
  options.limits = {};
  options.limits.bytes = 2000;
  EXPECT_EQ(ErrorOf("{% for i in range(1000) %}0123456789{% endfor %}", options),
            "t:1:27: the template makes more than 2000 bytes of text and lists");
}

const Json kChat = Json::parse(R"([{"role": "user", "content": "q"}, {"role": "assistant", "content": "é1"},
                                   {"role": "user", "content": "r"}, {"role": "assistant", "content": "a2"}])");

std::vector<std::string> PartsOf(const AssistantChat& chat) {
  std::vector<std::string> parts;
  for (const ChatSpan& span : chat.assistant) parts.push_back(chat.text.substr(span.begin, span.end - span.begin));
  return parts;
}

TEST(ChatTemplateTest, FindsTheAssistantByGenerationBlocks) {
  const ChatTemplate chat_template("t",
                                   "{% for m in messages %}[{{ m.role }}]{% if m.role == 'assistant' %}{% generation %}{{ m.content }}!"
                                   "{% endgeneration %}{% else %}{{ m.content }}{% endif %}\n\n{% endfor %}");
  EXPECT_THAT(PartsOf(RenderWithAssistant(chat_template, kChat)), ElementsAre("é1!", "a2!"));
}

TEST(ChatTemplateTest, FindsTheAssistantByDifferences) {
  const std::string text =
      "{% for m in messages %}<{{ m.role }}>{{ m.content }}</s>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";
  const ChatTemplate chat_template("t", text);
  EXPECT_THAT(PartsOf(RenderWithAssistant(chat_template, kChat)), ElementsAre("é1</s>", "a2</s>"));
  ChatOptions options;
  options.add_generation_prompt = true;
  EXPECT_THAT(PartsOf(RenderWithAssistant(chat_template, kChat, options)), ElementsAre("é1</s>", "a2</s>"));
  // Without a generation prompt in the template the header belongs to the turn.
  const ChatTemplate without("t", text.substr(0, text.find("{% if")));
  EXPECT_THAT(PartsOf(RenderWithAssistant(without, kChat)), ElementsAre("<assistant>é1</s>", "<assistant>a2</s>"));
}

TEST(ChatTemplateTest, FallsBackToDifferencesWhereAGenerationBlockGoesThroughAMacro) {
  const ChatTemplate chat_template(
      "t",
      "{% macro turn(m) %}<{{ m.role }}>{% generation %}{{ m.content }}{% endgeneration %}{% endmacro %}"
      "{% for m in messages %}{{ turn(m) | upper }}{% endfor %}{% if add_generation_prompt %}<ASSISTANT>{% endif %}");
  EXPECT_TRUE(chat_template.Render(kChat).generated_elsewhere);
  EXPECT_THAT(PartsOf(RenderWithAssistant(chat_template, kChat)), ElementsAre("É1", "A2"));
}

TEST(ChatTemplateTest, RefusesDifferencesOfAnUnstableTemplate) {
  const ChatTemplate forgets("t", "{% for m in messages %}{{ m.content if loop.last else '-' }}{% endfor %}");
  EXPECT_THAT(
      MessageOf([&] { RenderWithAssistant(forgets, kChat); }),
      HasSubstr("chat template t: message 1: the text before it, with a generation prompt, does not begin the text of all messages: from "
                "byte 0 it is \"q\" and not \"---a2\""));
  const Json begins = Json::parse(R"([{"role": "assistant", "content": "a"}])");
  EXPECT_THAT(MessageOf([&] { RenderWithAssistant(forgets, begins); }), HasSubstr("message 0 is the assistant's"));
}

TEST(ChatTemplateTest, LoadsFromAFolder) {
  const TempFolder folder;
  const auto render = [&](const std::string& name = "", bool with_tools = false) {
    return LoadChatTemplate(folder.path(), name, with_tools).Render(kChat).text;
  };
  EXPECT_EQ(MessageOf([&] { render(); }),
            folder.path() + ": no chat template: add the file chat_template.jinja, or the key chat_template to tokenizer_config.json");
  WriteBytes(folder / "tokenizer_config.json", R"({"chat_template": "C{{ bos_token }}{{ eos_token }}{{ unk_token }}{{ pad_token }}",
      "bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": false}, "pad_token": null})");
  EXPECT_EQ(render(), "C<s></s>");
  WriteBytes(folder / "special_tokens_map.json", R"({"bos_token": "<other>", "unk_token": {"content": "<unk>"}})");
  EXPECT_EQ(render(), "C<s></s><unk>");
  WriteBytes(folder / "tokenizer_config.json",
             R"({"chat_template": [{"name": "default", "template": "D"}, {"name": "tool_use", "template": "T"}]})");
  EXPECT_EQ(render(), "D");
  EXPECT_EQ(render("", true), "T");
  EXPECT_EQ(render("tool_use"), "T");
  EXPECT_EQ(MessageOf([&] { render("rag"); }), folder.path() + ": no chat template named rag; there are: default, tool_use");
  WriteBytes(folder / "chat_template.jinja", "F{{ messages | length }}\n");
  EXPECT_EQ(render("", true), "F4");
  WriteBytes(folder / "chat_template.jinja", "{{ 1 + }}");
  EXPECT_EQ(MessageOf([&] { render(); }), folder / "chat_template.jinja:1:8: unexpected 'end of print statement'");
}

TEST(ChatTemplateTest, RefusesABrokenTokenizerConfig) {
  const TempFolder folder;
  const auto error_of = [&](const std::string& config) {
    WriteBytes(folder / "tokenizer_config.json", config);
    return MessageOf([&] { LoadChatTemplate(folder.path()); });
  };
  EXPECT_THAT(error_of("{"), HasSubstr("tokenizer_config.json: "));
  EXPECT_THAT(error_of("[]"), HasSubstr("tokenizer_config.json: expected a JSON object"));
  EXPECT_THAT(error_of(R"({"chat_template": 5})"), HasSubstr("chat_template: expected a text, or a list of objects"));
  EXPECT_THAT(error_of(R"({"chat_template": [{"name": "x"}]})"), HasSubstr("chat_template: expected a text, or a list of objects"));
  EXPECT_THAT(error_of(R"({"chat_template": "x", "bos_token": 1})"), HasSubstr("bos_token: expected a text"));
  EXPECT_THAT(MessageOf([&] { LoadChatTemplate(folder / "nowhere"); }), HasSubstr("nowhere: no folder"));
}

TEST(ChatTemplateTest, ParsesJsonThatCanBePrintedAgain) {
  std::string error;
  const auto parsed =
      ParseChatJson(R"({"z": 18446744073709551615, "a": [-9223372036854775808, 1e3, "12345678901234567890123"], "z": 2})", &error);
  ASSERT_TRUE(parsed.has_value()) << error;
  EXPECT_EQ(parsed->dump(), R"({"z":2,"a":[-9223372036854775808,1000.0,"12345678901234567890123"]})");
  EXPECT_FALSE(ParseChatJson("[18446744073709551616]", &error).has_value());
  EXPECT_EQ(error, "the integer 18446744073709551616 has more than 64 bits");
  EXPECT_FALSE(ParseChatJson("[-9223372036854775809]", &error).has_value());
  EXPECT_FALSE(ParseChatJson(std::string(1000, '['), &error).has_value());
  EXPECT_EQ(error, "nested more than 200 levels deep");
  EXPECT_FALSE(ParseChatJson("[1", &error).has_value());
  EXPECT_FALSE(ParseChatJson("", &error).has_value());
  EXPECT_FALSE(ParseChatJson("\"\xff\"", &error).has_value());
}

}  // namespace
}  // namespace temper
