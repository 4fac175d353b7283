#include "cluster/config/compose.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "cluster/base/error.h"
#include "cluster/base/file.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxFileDepth = 8;
constexpr size_t kMaxFilesRead = 64;

// Lays `over` onto `base`: maps merge, everything else replaces. A null over a value is kept, as a mark that the value goes.
void Merge(ConfigNode over, ConfigNode* base) {
  if (over.kind != ConfigNode::Kind::kMap || base->kind != ConfigNode::Kind::kMap) {
    over.reset = over.kind == ConfigNode::Kind::kNull && (base->kind != ConfigNode::Kind::kNull || base->reset || over.reset);
    *base = std::move(over);
    return;
  }
  std::unordered_map<std::string, size_t> places;
  for (size_t i = 0; i < base->children.size(); ++i) places[base->children[i].key] = i;
  for (ConfigNode& child : over.children) {
    const auto place = places.find(child.key);
    if (place == places.end()) {
      base->children.push_back(std::move(child));
    } else {
      Merge(std::move(child), &base->children[place->second]);
    }
  }
  base->mark = over.mark;
  base->key_mark = over.key_mark;
}

// Reads files and what they name under `defaults:`, depth first.
class FileComposer {
 public:
  FileComposer(ComposedConfig* composed, ConfigErrors* errors) : composed_(composed), errors_(errors) {}

  // `asked_at`: where the file is named; its file is empty for the outermost one.
  ConfigNode Read(const std::string& path, const ConfigMark& asked_at) {
    ConfigNode broken;
    broken.kind = ConfigNode::Kind::kBroken;
    broken.mark = {path, 1, 1};
    std::string text;
    const std::string problem = ReadText(path, &text);
    if (!problem.empty()) {
      composed_->complete = false;
      const bool outermost = asked_at.file.empty();
      errors_->Add(outermost ? ConfigMark{path, 0, 0} : asked_at, outermost ? "" : "defaults", problem);
      return broken;
    }
    ConfigNode node = ParseConfigYaml(text, path, kMaxConfigNodes - num_nodes_, errors_);
    num_nodes_ += node.CountNodes();
    SetFolder(fs::path(path).parent_path().string(), &node);
    if (node.kind == ConfigNode::Kind::kNull) node.kind = ConfigNode::Kind::kMap;
    if (node.kind == ConfigNode::Kind::kScalar || node.kind == ConfigNode::Kind::kList) {
      errors_->Add(node.mark, "", Concat("a configuration file is a map of keys, not ", node.KindName()));
      node.kind = ConfigNode::Kind::kBroken;
    }
    if (node.kind == ConfigNode::Kind::kBroken) composed_->complete = false;
    ConfigNode merged = WithDefaults(path, std::move(node));
    if (std::find(composed_->files.begin(), composed_->files.end(), path) == composed_->files.end()) composed_->files.push_back(path);
    return merged;
  }

 private:
  // Returns what is wrong with the file, or "".
  std::string ReadText(const std::string& path, std::string* text) {
    std::error_code code;
    if (++num_files_ > kMaxFilesRead) return Concat("more than ", kMaxFilesRead, " files are read for one configuration");
    if (!fs::exists(path, code)) return "there is no file " + path;
    if (fs::is_directory(path, code)) return path + " is a folder; give a YAML file";
    std::string reason;
    auto read = TryReadFile(path, kMaxConfigBytes, &reason);
    if (!read) return Concat("cannot read ", path, ": ", reason);
    *text = *std::move(read);
    return "";
  }

  // Takes `defaults:` out of the file's tree and lays the tree over what the files there say.
  ConfigNode WithDefaults(const std::string& path, ConfigNode node) {
    if (node.kind != ConfigNode::Kind::kMap) return node;
    const auto found =
        std::find_if(node.children.begin(), node.children.end(), [](const ConfigNode& child) { return child.key == "defaults"; });
    if (found == node.children.end()) return node;
    const ConfigNode defaults = std::move(*found);
    node.children.erase(found);
    if (defaults.kind != ConfigNode::Kind::kList) {
      errors_->Add(defaults.mark, "defaults", Concat("must be a list of files, not ", defaults.KindName(), "; write [file.yaml]"));
      composed_->complete = false;
      return node;
    }
    ConfigNode base;
    base.kind = ConfigNode::Kind::kMap;
    base.mark = node.mark;
    open_.push_back(fs::weakly_canonical(path).string());
    for (const ConfigNode& entry : defaults.children) {
      ConfigNode other = ReadEntry(path, entry);
      if (other.kind == ConfigNode::Kind::kMap) Merge(std::move(other), &base);
    }
    open_.pop_back();
    Merge(std::move(node), &base);
    return base;
  }

  ConfigNode ReadEntry(const std::string& path, const ConfigNode& entry) {
    ConfigNode broken;
    broken.kind = ConfigNode::Kind::kBroken;
    std::string problem;
    fs::path other;
    if (entry.kind != ConfigNode::Kind::kScalar || entry.text.empty()) {
      problem = Concat("an entry must be the name of a file, not ", entry.KindName());
    } else {
      other = (fs::path(path).parent_path() / entry.text).lexically_normal();
      const std::string canonical = fs::weakly_canonical(other).string();
      if (std::find(open_.begin(), open_.end(), canonical) != open_.end()) {
        problem = Concat(other.string(), " is being read already: files must not name each other in a circle");
      } else if (open_.size() >= kMaxFileDepth) {
        problem = Concat("files name each other more than ", kMaxFileDepth, " deep");
      }
    }
    if (problem.empty()) return Read(other.string(), entry.mark);
    composed_->complete = false;
    errors_->Add(entry.mark, "defaults", problem);
    return broken;
  }

  ComposedConfig* composed_;
  ConfigErrors* errors_;
  std::vector<std::string> open_;  // canonical paths of the files whose defaults are being read
  size_t num_files_ = 0;
  size_t num_nodes_ = 0;
};

std::vector<std::string> SplitPath(const std::string& path) {
  std::vector<std::string> parts(1);
  for (const char c : path) {
    if (c == '.') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// The entry of a list that `part` counts, or null.
ConfigNode* ListEntry(const std::string& part, ConfigNode* list) {
  const bool digits =
      !part.empty() && part.size() < 8 && std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
  const size_t index = digits ? std::stoul(part) : list->children.size();
  return index < list->children.size() ? &list->children[index] : nullptr;
}

// The place of a dotted key, its sections made where absent. Null, with `problem` set, where a value that holds no keys is in the way.
ConfigNode* FindOrAdd(const std::vector<std::string>& parts, const ConfigMark& mark, ConfigNode* root, std::string* problem) {
  ConfigNode* node = root;
  std::string section;
  for (const std::string& part : parts) {
    if (node->kind == ConfigNode::Kind::kNull) node->kind = ConfigNode::Kind::kMap;
    const bool list = node->kind == ConfigNode::Kind::kList;
    ConfigNode* next = list ? ListEntry(part, node) : node->Find(part);
    if (next == nullptr && node->kind != ConfigNode::Kind::kMap) {
      *problem =
          list ? Concat(section, " is a list of ", node->children.size(), "; name an entry by its index from 0, or set the list whole")
               : Concat(section, " is ", node->KindName(), " here, with no keys below it; set it whole");
      return nullptr;
    }
    if (next == nullptr) {
      next = &node->children.emplace_back();
      next->key = part;
      next->mark = next->key_mark = mark;
    }
    node = next;
    section = JoinPath(section, part);
  }
  return node;
}

// Applies one "a.b=v". Returns false, with an error, where it cannot be understood.
bool ApplyOverride(const std::string& text, const ConfigMark& mark, ConfigNode* root, ConfigErrors* errors) {
  const size_t equals = text.find('=');
  const std::string path = text.substr(0, equals);
  const std::vector<std::string> parts = SplitPath(path);
  const auto bad_part = [](const std::string& part) {
    return part.empty() || std::any_of(part.begin(), part.end(), [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7F; });
  };
  if (equals == std::string::npos || parts.size() >= kMaxConfigLevels || std::any_of(parts.begin(), parts.end(), bad_part)) {
    errors->Add(mark, "", "must be of the form a.b=value");
    return false;
  }
  if (text.find_first_not_of(" \t\n", equals + 1) == std::string::npos) {
    errors->Add(mark, path, "no value; write " + path + "=null for the default, or in a shell '" + path + "=\"\"' for empty text");
    return false;
  }
  ConfigErrors parse_errors;
  ConfigNode value = ParseConfigYaml(text.substr(equals + 1), mark.file, kMaxConfigNodes, &parse_errors);
  std::string problem = parse_errors.empty() ? "" : "the value cannot be read: " + parse_errors.FirstMessage();
  ConfigNode* node = problem.empty() ? FindOrAdd(parts, mark, root, &problem) : nullptr;
  if (node == nullptr) {
    errors->Add(mark, path, problem);
    return false;
  }
  SetMark(mark, &value);
  value.key = node->key;
  value.reset = value.kind == ConfigNode::Kind::kNull;
  *node = std::move(value);
  return true;
}

}  // namespace

ComposedConfig ComposeConfig(const std::string& path, const std::vector<std::string>& overrides, ConfigErrors* errors) {
  ComposedConfig composed;
  composed.root = FileComposer(&composed, errors).Read(path, ConfigMark{});
  for (size_t i = 0; i < overrides.size(); ++i) {
    if (composed.root.kind == ConfigNode::Kind::kBroken) composed.root.kind = ConfigNode::Kind::kMap;
    const ConfigMark mark{"override " + ShownText(overrides[i]), 0, 0};
    if (!ApplyOverride(overrides[i], mark, &composed.root, errors)) composed.complete = false;
  }
  return composed;
}

ComposedConfig ComposeConfigText(const std::string& text, const std::string& name, ConfigErrors* errors) {
  ComposedConfig composed;
  composed.files.push_back(name);
  composed.root = ParseConfigYaml(text, name, kMaxConfigNodes, errors);
  ConfigNode& root = composed.root;
  SetFolder(fs::path(name).parent_path().string(), &root);
  if (root.kind == ConfigNode::Kind::kNull) root.kind = ConfigNode::Kind::kMap;
  if (root.kind == ConfigNode::Kind::kScalar || root.kind == ConfigNode::Kind::kList) {
    errors->Add(root.mark, "", Concat("a configuration is a map of keys, not ", root.KindName()));
    root.kind = ConfigNode::Kind::kBroken;
  }
  composed.complete = root.kind == ConfigNode::Kind::kMap;
  const ConfigNode* defaults = root.Find("defaults");
  if (defaults != nullptr) {
    errors->Add(defaults->key_mark, "defaults", "is read in files only; here the text must be complete");
    root.children.erase(root.children.begin() + (defaults - root.children.data()));
  }
  return composed;
}

}  // namespace temper
