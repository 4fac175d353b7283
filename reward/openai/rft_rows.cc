#include "reward/openai/rft_rows.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "policy/text/strict_json.h"

namespace temper {
namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

constexpr int kMaxRowDepth = 64;

std::string TextOfContent(const Json& content, const std::string& place) {
  if (content.is_string()) return content.get<std::string>();
  std::string text;
  for (const Json& part : content.is_array() ? content : Json::array({content})) {
    const bool is_text =
        part.is_object() && part.contains("type") && part["type"] == "text" && part.contains("text") && part["text"].is_string();
    if (!is_text) throw ConfigError(Concat(place, ": messages hold a part that is not text; images, audio and files are not supported"));
    text += (text.empty() ? "" : "\n") + part["text"].get<std::string>();
  }
  return text;
}

// The conversation of a row: a list of {role, content}, or for a policy without a chat template one text.
OrderedJson PromptOf(const Json& row, const std::string& place, bool chat, RowFindings* found) {
  const auto messages = row.find("messages");
  if (messages == row.end() || !messages->is_array() || messages->empty())
    throw ConfigError(Concat(place, ": the row has no list `messages`"));
  OrderedJson list = OrderedJson::array();
  std::string text;
  for (const Json& message : *messages) {
    const bool reads = message.is_object() && message.contains("role") && message["role"].is_string() && message.contains("content");
    if (!reads) throw ConfigError(Concat(place, ": a message must be an object {role, content}"));
    std::string role = message["role"].get<std::string>();
    if (role == "developer") role = "system", found->developer = true;
    if (role != "system" && role != "user" && role != "assistant")
      throw ConfigError(Concat(place, ": unknown role ", Quoted(role), "; expected system, developer, user or assistant"));
    const std::string content = TextOfContent(message["content"], place);
    list.push_back({{"role", role}, {"content", content}});
    text += (text.empty() ? "" : "\n\n") + content;
  }
  if (list.back()["role"] != "user") throw ConfigError(Concat(place, ": messages must end with a user's"));
  if (chat && list.size() > 1) return list;
  found->joined = found->joined || list.size() > 1;
  return text;
}

}  // namespace

std::string PromptsOf(const std::string& data, const std::string& path, bool chat, int64_t* rows, RowFindings* found) {
  std::string out;
  int64_t number = 0;
  for (size_t begin = 0; begin < data.size();) {
    const size_t end = std::min(data.find('\n', begin), data.size());
    const std::string_view line(data.data() + begin, end - begin);
    begin = end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::string place = Concat(path, ":", number);
    std::string error;
    const std::optional<Json> row = ParseStrictJson(line, kMaxRowDepth, &error, number);
    if (!row || !row->is_object()) throw ConfigError(Concat(place, ": not a JSON object: ", row ? "something else" : error));
    OrderedJson prompt = {{"messages", PromptOf(*row, place, chat, found)}};
    for (const auto& [key, value] : row->items()) {
      if (key == "messages") continue;
      if (key == "tools") {
        found->tools = true;
        continue;
      }
      found->columns.insert(key);
      if (value.is_string()) found->texts.insert(key);
      prompt[key] = value.is_string() ? value.get<std::string>() : value.dump();
    }
    out += prompt.dump() + "\n";
    ++*rows;
  }
  if (*rows == 0) throw ConfigError(Concat(path, ": no row"));
  return out;
}

}  // namespace temper
