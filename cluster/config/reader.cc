#include "cluster/config/reader.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

#include "cluster/base/error.h"
#include "cluster/config/compose.h"
#include "cluster/config/hints.h"
#include "cluster/config/overrides.h"
#include "cluster/config/record.h"
#include "cluster/config/rules.h"
#include "cluster/config/value.h"

namespace temper {
namespace {

// A key that its section does not have.
struct UnknownKey {
  const ConfigNode* node;
  std::string section;
  std::vector<std::string> siblings;  // names the section has
};

// What the readers of all sections share.
struct ReadState {
  ConfigErrors errors;
  ConfigRecord record;
  std::vector<ConfigRule> rules;
  std::vector<std::string> fields;  // dotted keys of every field, for hints
  std::vector<UnknownKey> unknown;  // told once every field is known
  ConfigMarks key_marks;            // of the keys that were set
  bool complete = true;
};

// Reads one section into the targets bound to it, recording what each became.
class SectionReader : public ConfigFields {
 public:
  // `section`: null where absent. `where`: of the section, or of the nearest one around it that is there. `broken`: an error was
  // reported for it, so nothing in it is missing.
  SectionReader(ReadState* state, const ConfigNode* section, const ConfigMark& where, std::string path, size_t level, bool broken)
      : state_(state), section_(section), where_(where), path_(std::move(path)), level_(level), broken_(broken) {}

  // Reports missing keys and notes unknown ones; called once the section is described.
  void Finish() {
    for (const std::string& name : required_) {
      TEMPER_CHECK(Known(name), "config section '", path_, "' requires '", name, "', which it does not describe");
      const ConfigNode* node = section_ == nullptr ? nullptr : section_->Find(name);
      if ((node == nullptr || node->kind == ConfigNode::Kind::kNull) && !broken_ && state_->complete) {
        state_->errors.Add(node == nullptr ? where_ : node->mark, JoinPath(path_, name), "missing key; it has no default");
      }
    }
    if (section_ == nullptr) return;
    for (const ConfigNode& child : section_->children) {
      if (!Known(child.key)) state_->unknown.push_back({&child, path_, known_});
    }
  }

  void Bool(std::string_view name, bool* target, std::string_view) override {
    Value(name, [target](const ConfigNode& node) { return ReadConfigBool(node, target); });
    Record(name, YamlOf(*target));
  }

  void Int(std::string_view name, int64_t* target, IntRange range, std::string_view) override {
    Value(name, [target, range](const ConfigNode& node) { return ReadConfigInt(node, range, target); });
    Record(name, YamlOf(*target));
  }

  void Real(std::string_view name, double* target, RealRange range, std::string_view) override {
    Value(name, [target, range](const ConfigNode& node) { return ReadConfigReal(node, range, target); });
    Record(name, YamlOf(*target));
  }

  void String(std::string_view name, std::string* target, std::string_view) override {
    Value(name, [target](const ConfigNode& node) { return ReadConfigString(node, target); });
    Record(name, YamlOf(*target));
  }

  void Path(std::string_view name, std::string* target, std::string_view) override {
    *target = AbsolutePath(*target, "");
    Value(name, [target](const ConfigNode& node) { return ReadConfigPath(node, target); });
    Record(name, YamlOf(*target));
  }

  void Enum(std::string_view name, std::string* target, const std::vector<std::string>& allowed, std::string_view) override {
    Value(name, [target, &allowed](const ConfigNode& node) { return ReadConfigWord(node, allowed, target); });
    Record(name, YamlOf(*target));
  }

  void StringList(std::string_view name, std::vector<std::string>* target, std::string_view) override {
    const ConfigNode* list = Collection(name, ConfigNode::Kind::kList, "a list, like [first, second]");
    if (list != nullptr) {
      target->clear();
      for (size_t i = 0; i < list->children.size(); ++i) {
        Entry(name, std::to_string(i), list->children[i], ReadConfigString(list->children[i], &target->emplace_back()));
      }
    }
    Record(name, YamlOf(*target));
  }

  void IntList(std::string_view name, std::vector<int64_t>* target, IntRange range, std::string_view) override {
    const ConfigNode* list = Collection(name, ConfigNode::Kind::kList, "a list of whole numbers, like [1, 2]");
    if (list != nullptr) {
      target->clear();
      for (size_t i = 0; i < list->children.size(); ++i) {
        Entry(name, std::to_string(i), list->children[i], ReadConfigInt(list->children[i], range, &target->emplace_back()));
      }
    }
    Record(name, YamlOf(*target));
  }

  void RealMap(std::string_view name, std::map<std::string, double>* target, RealRange range, std::string_view) override {
    OpenMap(name, target, [range](const ConfigNode& node, double* value) { return ReadConfigReal(node, range, value); });
    Record(name, YamlOf(*target));
  }

  void StringMap(std::string_view name, std::map<std::string, std::string>* target, std::string_view) override {
    OpenMap(name, target, ReadConfigString);
    Record(name, YamlOf(*target));
  }

  void PathMap(std::string_view name, std::map<std::string, std::string>* target, std::string_view) override {
    OpenMap(name, target, ReadConfigPath);
    Record(name, YamlOf(*target));
  }

  void OverrideMaps(std::string_view name, std::vector<std::pair<std::string, std::map<std::string, std::string>>>* target,
                    std::string_view) override {
    const ConfigNode* maps = Collection(name, ConfigNode::Kind::kMap, "a map of names to overrides, like {a: {rl.lr: 1e-3}}");
    const std::string path = JoinPath(path_, std::string(name));
    ConfigMarks marks;
    if (maps != nullptr) {
      target->clear();
      for (const ConfigNode& entry : maps->children) {
        if (entry.reset) continue;
        auto& flat = target->emplace_back(entry.key, std::map<std::string, std::string>()).second;
        Entry(name, entry.key, entry, MapProblem(entry));
        const std::string entry_path = JoinPath(path, entry.key);
        for (const auto& [key, node] : FlattenOverrides(entry, entry_path, &state_->errors)) {
          flat.emplace(key, RawYamlOf(*node));
          marks.emplace(JoinPath(entry_path, key), node->mark);
        }
        marks.emplace(entry_path, entry.key_mark);
      }
    }
    state_->record.AddOverrideMaps(level_, std::string(name), path, *target, marks);
  }

  void OverrideGrid(std::string_view name, std::vector<OverrideAxis>* target, std::string_view) override {
    const ConfigNode* map =
        Collection(name, ConfigNode::Kind::kMap, "a map of keys to lists of values, like {rl.optimizer.lr: [1e-3, 5e-4]}");
    if (map != nullptr) *target = ReadOverrideGrid(*map, JoinPath(path_, std::string(name)), &state_->errors);
    Record(name, YamlOf(*target));
  }

  void OverrideList(std::string_view name, std::vector<OverrideSet>* target, std::string_view) override {
    const ConfigNode* list =
        Collection(name, ConfigNode::Kind::kList, "a list of maps of overrides, like [{rl.kl.coef: 0}, {rl.kl.coef: 0.1}]");
    if (list != nullptr) *target = ReadOverrideList(*list, JoinPath(path_, std::string(name)), &state_->errors);
    Record(name, YamlOf(*target));
  }

  void Section(std::string_view name, std::string_view, const std::function<void(ConfigFields&)>& describe) override {
    const ConfigNode* node = Collection(name, ConfigNode::Kind::kMap, "a section (a map of keys)");
    const ConfigNode* given = Given(name);
    const bool wrong = broken_ || (given != nullptr && node == nullptr);
    SectionReader reader(state_, node, given == nullptr ? where_ : given->mark, JoinPath(path_, std::string(name)), level_ + 1, wrong);
    const size_t start = state_->record.OpenBlock(level_, QuoteYaml(std::string(name)) + ":");
    describe(reader);
    reader.Finish();
    state_->record.CloseBlock(start, " {}");
  }

  void UsedWhere(bool used, std::string_view otherwise, const std::function<void(ConfigFields&)>& describe) override {
    const ConfigRecord::Mark before = state_->record.Here();
    describe(*this);
    if (!used) state_->record.Replace(before, level_, otherwise);
  }

  void MapOf(std::string_view name, std::string_view, const std::function<void(const std::string&, ConfigFields&)>& add) override {
    const ConfigNode* map = Collection(name, ConfigNode::Kind::kMap, "a map of names to sections");
    if (map == nullptr) return;
    const size_t start = state_->record.OpenBlock(level_, QuoteYaml(std::string(name)) + ":");
    for (const ConfigNode& entry : map->children) {
      if (entry.reset) continue;
      ReadEntry(name, entry.key, QuoteYaml(entry.key) + ":", entry, [&](ConfigFields& fields) { add(entry.key, fields); });
    }
    state_->record.CloseBlock(start, " {}");
  }

  void ListOf(std::string_view name, std::string_view, const std::function<void(size_t, ConfigFields&)>& add, size_t) override {
    const ConfigNode* list = Collection(name, ConfigNode::Kind::kList, "a list of sections");
    if (list == nullptr) return;
    const size_t start = state_->record.OpenBlock(level_, QuoteYaml(std::string(name)) + ":");
    for (size_t i = 0; i < list->children.size(); ++i) {
      ReadEntry(name, std::to_string(i), "-", list->children[i], [&](ConfigFields& fields) { add(i, fields); });
    }
    state_->record.CloseBlock(start, " []");
  }

  void Require(std::string_view name) override { required_.emplace_back(name); }

  void Rule(std::function<bool()> holds, std::string message) override {
    state_->rules.push_back({path_, where_, std::move(holds), std::move(message)});
  }

 private:
  bool Known(const std::string& name) const { return std::find(known_.begin(), known_.end(), name) != known_.end(); }

  const ConfigNode* Given(std::string_view name) const { return section_ == nullptr ? nullptr : section_->Find(std::string(name)); }

  // Takes note of a field and returns its node where there is something to read.
  const ConfigNode* Declare(std::string_view name) {
    TEMPER_CHECK(!Known(std::string(name)), "config section '", path_, "' describes '", name, "' twice");
    known_.emplace_back(name);
    const std::string path = JoinPath(path_, known_.back());
    state_->fields.push_back(path);
    const ConfigNode* node = Given(name);
    if (node == nullptr || node->kind == ConfigNode::Kind::kNull) return nullptr;
    state_->key_marks.emplace(path, node->mark);
    return node->kind == ConfigNode::Kind::kBroken ? nullptr : node;
  }

  template <typename Read>
  void Value(std::string_view name, const Read& read) {
    const ConfigNode* node = Declare(name);
    if (node == nullptr) return;
    const std::string problem = read(*node);
    if (!problem.empty()) state_->errors.Add(node->mark, JoinPath(path_, std::string(name)), problem);
  }

  // The node of a field that is a list or a map, null where it is absent or something else.
  const ConfigNode* Collection(std::string_view name, ConfigNode::Kind kind, const char* wanted) {
    const ConfigNode* node = Declare(name);
    if (node == nullptr || node->kind == kind) return node;
    state_->errors.Add(node->mark, JoinPath(path_, std::string(name)), Concat("must be ", wanted, ", not ", node->KindName()));
    return nullptr;
  }

  // Reports the problem of one entry of a list or map, if there is one.
  void Entry(std::string_view name, const std::string& key, const ConfigNode& node, const std::string& problem) {
    if (problem.empty() || node.kind == ConfigNode::Kind::kBroken) return;
    state_->errors.Add(node.mark, JoinPath(JoinPath(path_, std::string(name)), key), problem);
  }

  template <typename T, typename Read>
  void OpenMap(std::string_view name, std::map<std::string, T>* target, const Read& read) {
    const ConfigNode* map = Collection(name, ConfigNode::Kind::kMap, "a map");
    if (map == nullptr) return;
    target->clear();
    for (const ConfigNode& entry : map->children) {
      if (entry.reset) continue;
      Entry(name, entry.key, entry, read(entry, &(*target)[entry.key]));
    }
  }

  void ReadEntry(std::string_view name, const std::string& key, const std::string& head, const ConfigNode& entry,
                 const std::function<void(ConfigFields&)>& describe) {
    Entry(name, key, entry, MapProblem(entry));
    if (entry.kind != ConfigNode::Kind::kMap) return;
    SectionReader reader(state_, &entry, entry.mark, JoinPath(JoinPath(path_, std::string(name)), key), level_ + 2, broken_);
    const size_t start = state_->record.OpenBlock(level_ + 1, head);
    describe(reader);
    reader.Finish();
    state_->record.CloseBlock(start, " {}");
  }

  void Record(std::string_view name, const std::string& value) {
    const std::string path = JoinPath(path_, std::string(name));
    state_->record.AddValue(level_, QuoteYaml(std::string(name)), path, value, SourceOf(state_->key_marks, path));
  }

  ReadState* state_;
  const ConfigNode* section_;
  const ConfigMark where_;
  const std::string path_;
  const size_t level_;
  const bool broken_;
  std::vector<std::string> known_;
  std::vector<std::string> required_;
};

void ReportUnknown(ReadState* state) {
  for (const auto& [node, section, siblings] : state->unknown) {
    const bool shown = state->errors.size() < ConfigErrors::kMaxShown;
    const std::string hint = shown ? UnknownKeyHint(node->key, section, siblings, state->fields) : "";
    state->errors.Add(node->key_mark, JoinPath(section, node->key), "unknown key" + hint);
  }
}

// What each field is set to without any file, as references to keys that stand in none need it.
ConfigDefault DefaultsOf(const DescribeConfig& describe) {
  auto values = std::make_shared<std::optional<std::unordered_map<std::string, std::string>>>();
  return [values, describe](const std::string& path) -> std::optional<ConfigNode> {
    if (!*values) {
      ReadState state;
      SectionReader reader(&state, nullptr, {"default", 0, 0}, "", 0, true);
      describe(reader);
      values->emplace();
      for (const ResolvedValue& value : state.record.resolved.values) (*values)->emplace(value.key, value.value);
    }
    const auto found = (*values)->find(path);
    if (found == (*values)->end()) return std::nullopt;
    ConfigErrors errors;
    return ParseConfigYaml(found->second, "default", kMaxConfigNodes, &errors);
  };
}

ResolvedConfig Read(ComposedConfig composed, ConfigErrors errors, const DescribeConfig& describe) {
  ReadState state;
  state.errors = std::move(errors);
  ReplaceReferences(DefaultsOf(describe), &composed.root, &state.errors);
  const bool broken = composed.root.kind != ConfigNode::Kind::kMap;
  state.complete = composed.complete && !broken;
  state.record.resolved.files = composed.files;
  SectionReader reader(&state, broken ? nullptr : &composed.root, composed.root.mark, "", 0, broken);
  describe(reader);
  reader.Finish();
  ReportUnknown(&state);
  if (state.complete) CheckRules(state.rules, state.key_marks, &state.errors);
  if (!state.errors.empty()) state.errors.Throw(composed.files);
  return std::move(state.record.resolved);
}

}  // namespace

ResolvedConfig ReadConfig(const ConfigSource& source, const DescribeConfig& describe) {
  ConfigErrors errors;
  ComposedConfig composed = ComposeConfig(source.path, source.overrides, &errors);
  return Read(std::move(composed), std::move(errors), describe);
}

ResolvedConfig ReadConfigText(const std::string& text, const std::string& name, const DescribeConfig& describe) {
  ConfigErrors errors;
  ComposedConfig composed = ComposeConfigText(text, name, &errors);
  return Read(std::move(composed), std::move(errors), describe);
}

}  // namespace temper
