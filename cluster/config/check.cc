#include "cluster/config/check.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "cluster/base/error.h"
#include "cluster/config/errors.h"
#include "cluster/config/value.h"

namespace temper {
namespace {

struct Findings {
  std::vector<std::string> mistakes;
  std::vector<std::pair<std::function<bool()>, std::string>> rules;  // checked at the end, where every value is in its range
};

// Reads no file and sets no target.
class FieldChecker : public ConfigFields {
 public:
  FieldChecker(std::string section, Findings* findings) : section_(std::move(section)), findings_(findings) {}

  void Bool(std::string_view, bool*, std::string_view) override {}
  void Int(std::string_view name, int64_t* target, IntRange range, std::string_view) override { Add(name, RangeProblem(*target, range)); }
  void Real(std::string_view name, double* target, RealRange range, std::string_view) override { Add(name, RangeProblem(*target, range)); }
  void String(std::string_view, std::string*, std::string_view) override {}
  void Path(std::string_view, std::string*, std::string_view) override {}
  void Enum(std::string_view name, std::string* target, const std::vector<std::string>& allowed, std::string_view) override {
    Add(name, WordProblem(*target, allowed));
  }
  void StringList(std::string_view, std::vector<std::string>*, std::string_view) override {}
  void IntList(std::string_view name, std::vector<int64_t>* target, IntRange range, std::string_view) override {
    for (const int64_t value : *target) Add(name, RangeProblem(value, range));
  }
  void RealMap(std::string_view name, std::map<std::string, double>* target, RealRange range, std::string_view) override {
    for (const auto& [key, value] : *target) Add(JoinPath(std::string(name), key), RangeProblem(value, range));
  }
  void StringMap(std::string_view, std::map<std::string, std::string>*, std::string_view) override {}
  void PathMap(std::string_view, std::map<std::string, std::string>*, std::string_view) override {}
  void OverrideMaps(std::string_view, std::vector<std::pair<std::string, std::map<std::string, std::string>>>*, std::string_view) override {
  }
  void OverrideGrid(std::string_view, std::vector<OverrideAxis>*, std::string_view) override {}
  void OverrideList(std::string_view, std::vector<OverrideSet>*, std::string_view) override {}
  void Section(std::string_view name, std::string_view, const std::function<void(ConfigFields&)>& describe) override {
    FieldChecker checker(JoinPath(section_, std::string(name)), findings_);
    describe(checker);
  }
  // Entries are made by reading a file: there is nothing to walk.
  void MapOf(std::string_view, std::string_view, const std::function<void(const std::string&, ConfigFields&)>&) override {}
  void ListOf(std::string_view, std::string_view, const std::function<void(size_t, ConfigFields&)>&, size_t) override {}
  void Require(std::string_view) override {}
  void Rule(std::function<bool()> holds, std::string message) override {
    findings_->rules.emplace_back(std::move(holds), section_.empty() ? message : Concat(section_, ": ", message));
  }

 private:
  void Add(std::string_view name, const std::string& problem) {
    if (!problem.empty()) findings_->mistakes.push_back(Concat(JoinPath(section_, std::string(name)), ": ", problem));
  }

  std::string section_;
  Findings* findings_;
};

}  // namespace

void CheckFields(const std::string& section, const std::function<void(ConfigFields&)>& describe) {
  Findings findings;
  FieldChecker checker(section, &findings);
  describe(checker);
  if (findings.mistakes.empty()) {
    for (const auto& [holds, message] : findings.rules) {
      if (!holds()) findings.mistakes.push_back(message);
    }
  }
  std::string text;
  for (const std::string& mistake : findings.mistakes) text += (text.empty() ? "" : "\n") + mistake;
  if (!text.empty()) throw ConfigError(text);
}

}  // namespace temper
