// Where a Hugging Face folder keeps its chat template.
#include <filesystem>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "policy/chat/chat_template.h"
#include "policy/text/strict_json.h"
#include "policy/tokenizer/special_tokens.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

// A template and where it stands.
struct Found {
  std::string place;
  std::string text;
};

// A JSON object; empty where there is no such file.
nlohmann::json ReadObject(const fs::path& path) { return fs::exists(path) ? ReadJsonObject(path) : nlohmann::json::object(); }

// The templates of files of their own.
std::map<std::string, Found> TemplateFiles(const fs::path& folder) {
  std::map<std::string, Found> found;
  const fs::path single = folder / "chat_template.jinja";
  if (fs::exists(single)) found["default"] = {single.string(), ReadUserFile(single)};
  const fs::path more = folder / "additional_chat_templates";
  if (!fs::is_directory(more)) return found;
  for (const auto& entry : fs::directory_iterator(more)) {
    if (entry.path().extension() != ".jinja") continue;
    found[entry.path().stem().string()] = {entry.path().string(), ReadUserFile(entry.path())};
  }
  return found;
}

std::map<std::string, Found> TemplatesOfConfig(const nlohmann::json& config, const std::string& path) {
  std::map<std::string, Found> found;
  const auto key = config.find("chat_template");
  if (key == config.end() || key->is_null()) return found;
  if (key->is_string()) {
    found["default"] = {path + ": chat_template", key->get<std::string>()};
    return found;
  }
  const auto is_text = [](const nlohmann::json& entry, const char* name) {
    return entry.is_object() && entry.contains(name) && entry[name].is_string();
  };
  for (const nlohmann::json& entry : key->is_array() ? *key : nlohmann::json::array({nullptr})) {
    if (!is_text(entry, "name") || !is_text(entry, "template")) {
      throw ConfigError(Concat(path, ": chat_template: expected a text, or a list of objects with the texts name and template"));
    }
    const auto name = entry["name"].get<std::string>();
    found[name] = {Concat(path, ": chat_template ", Quoted(name)), entry["template"].get<std::string>()};
  }
  return found;
}

std::string Names(const std::map<std::string, Found>& templates) {
  std::string names;
  for (const auto& [name, found] : templates) names += (names.empty() ? "" : ", ") + Quoted(name);
  return names;
}

}  // namespace

bool HasChatTemplate(const std::string& folder) {
  const fs::path root(folder);
  if (!TemplateFiles(root).empty()) return true;
  const nlohmann::json config = ReadObject(root / "tokenizer_config.json");
  return config.contains("chat_template") && !config["chat_template"].is_null();
}

ChatTemplate LoadChatTemplate(const std::string& folder, const std::string& name, bool with_tools) {
  const fs::path root(folder);
  if (!fs::is_directory(root)) throw ConfigError(Concat(folder, ": no folder"));
  const fs::path config_path = root / "tokenizer_config.json";
  const nlohmann::json config = ReadObject(config_path);
  auto templates = TemplateFiles(root);
  if (templates.empty()) templates = TemplatesOfConfig(config, config_path.string());
  if (templates.empty()) {
    throw ConfigError(
        Concat(folder, ": no chat template: add the file chat_template.jinja, or the key chat_template to tokenizer_config.json"));
  }
  const std::string wanted = !name.empty() ? name : with_tools && templates.count("tool_use") > 0 ? "tool_use" : "default";
  const auto found = templates.find(wanted);
  if (found == templates.end()) {
    throw ConfigError(Concat(folder, ": no chat template named ", Quoted(wanted), "; there are: ", Names(templates)));
  }
  return ChatTemplate(found->second.place, found->second.text, ReadSpecialTokens(folder));
}

}  // namespace temper
