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
    std::optional<ConfigMark> first;
    for (const std::string& word : WordsOf(rule.message)) {
      for (const std::string& path : {JoinPath(rule.section, word), word}) {
        if (word.empty()) continue;
        readable = readable && std::find(bad.begin(), bad.end(), path) == bad.end();
        const auto mark = marks.find(path);
        if (!first && mark != marks.end()) first = mark->second;
      }
    }
    if (readable && !rule.holds()) errors->Add(first.value_or(rule.mark), rule.section, rule.message);
  }
}

}  // namespace temper
