// temper tokenize: texts to token ids and back, a line each.
#include <iostream>
#include <limits>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cluster/base/error.h"
#include "cluster/base/utf8.h"
#include "policy/text/strict_json.h"
#include "policy/tokenizer/tokenizer.h"

namespace temper {
namespace {

struct TokenizeArguments {
  std::string model;
  bool special = false;       // add what the post-processor puts around a text
  bool decode = false;        // ids in, texts out
  bool skip_special = false;  // with decode: leave special tokens out
};

constexpr int kMaxDepth = 2;

// One line of standard input as JSON. Bytes that are not UTF-8 count as U+FFFD, as the tokenizer takes them.
nlohmann::json ParseLine(const std::string& line, int64_t number, const char* expected) {
  std::string error;
  const auto value = ParseStrictJson(RepairUtf8(line), kMaxDepth, &error);
  if (!value) throw ConfigError(Concat("standard input:", number, ": expected ", expected, ": ", error));
  return *value;
}

std::string EncodeLine(const Tokenizer& tokenizer, const std::string& line, int64_t number, bool special) {
  constexpr char kExpected[] = "a JSON string";
  const auto text = ParseLine(line, number, kExpected);
  if (!text.is_string()) throw ConfigError(Concat("standard input:", number, ": expected ", kExpected, ", not ", text.type_name()));
  return nlohmann::json(tokenizer.Encode(text.get_ref<const std::string&>(), special)).dump();
}

std::string DecodeLine(const Tokenizer& tokenizer, const std::string& line, int64_t number, bool skip_special) {
  constexpr char kExpected[] = "a JSON list of token ids";
  const auto list = ParseLine(line, number, kExpected);
  if (!list.is_array()) throw ConfigError(Concat("standard input:", number, ": expected ", kExpected, ", not ", list.type_name()));
  std::vector<int32_t> ids;
  for (const auto& id : list) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() > std::numeric_limits<int32_t>::max()) {
      throw ConfigError(Concat("standard input:", number, ": ", Quoted(id.dump()), " is not a token id"));
    }
    ids.push_back(id.get<int32_t>());
  }
  return nlohmann::json(tokenizer.Decode(ids, skip_special)).dump();
}

// JSON strings on standard input, one a line, to JSON lists of ids on standard output; with `decode` the other way.
int TokenizeCommand(const TokenizeArguments& arguments) {
  const auto tokenizer = LoadTokenizer(arguments.model);
  int64_t number = 0;
  for (std::string line; std::getline(std::cin, line);) {
    ++number;
    const std::string out = arguments.decode ? DecodeLine(*tokenizer, line, number, arguments.skip_special)
                                             : EncodeLine(*tokenizer, line, number, arguments.special);
    std::cout << out << std::endl;  // at once: the other side may wait for it before it sends the next line
  }
  return kExitDone;
}

void BindTokenize(CLI::App* command, TokenizeArguments* arguments) {
  command->add_option("--model", arguments->model, "folder with a tokenizer.json")->required();
  auto* decode = command->add_flag("--decode", arguments->decode, "the other way: lists of ids to strings");
  command->add_flag("--special", arguments->special, "add the special tokens that the file puts around a text")->excludes(decode);
  command->add_flag("--skip-special", arguments->skip_special, "leave special tokens out of the strings")->needs(decode);
  AddExamples(command, {{"echo '\"Hello world\"' | temper tokenize --model MODEL", "ids of a text"},
                        {"echo '[15, 7]' | temper tokenize --model MODEL --decode", "text of ids"}});
}

}  // namespace

void AddTokenizeCommand(const CommandContext& context) {
  AddCommand<TokenizeArguments>(context, "tokenize", "JSON strings on standard input, one a line, to JSON lists of token ids", BindTokenize,
                                TokenizeCommand);
}

}  // namespace temper
