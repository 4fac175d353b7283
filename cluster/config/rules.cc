#include "cluster/config/rules.h"

#include <algorithm>
#include <cctype>
#include <optional>

namespace temper {
namespace {

// The dotted words of a message, e.g. "rl.batch" and "must".
std::vector<std::string> WordsOf(const std::string& message) {
  std::vector<std::string> words(1);
  for (const char c : message) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.') {
      words.back() += c;
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  for (std::string& word : words) {
    while (!word.empty() && word.back() == '.') word.pop_back();
  }
  return words;
}

}  // namespace

void CheckRules(const std::vector<ConfigRule>& rules, const ConfigMarks& marks, ConfigErrors* errors) {
  const std::vector<std::string> bad = errors->Paths();
  for (const ConfigRule& rule : rules) {
    bool readable = true;
    ConfigMarks::const_iterator first = marks.end();
    for (const std::string& word : WordsOf(rule.message)) {
      for (const std::string& path : {JoinPath(rule.section, word), word}) {
        if (word.empty()) continue;
        readable = readable && std::find(bad.begin(), bad.end(), path) == bad.end();
        if (first == marks.end()) first = marks.find(path);
      }
    }
    if (!readable || rule.holds()) continue;
    const std::string path = first == marks.end() ? rule.section : first->first;
    const bool said = rule.message.starts_with(path);  // the message begins with the key
    errors->Add(first == marks.end() ? rule.mark : first->second, said ? "" : path, rule.message);
  }
}

}  // namespace temper
