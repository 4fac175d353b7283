#include <algorithm>
#include <cctype>
#include <unordered_map>
#include <utility>

#include "cluster/base/error.h"
#include "cluster/config/compose.h"
#include "cluster/config/nearest_name.h"

namespace temper {
namespace {

constexpr size_t kMaxReferenceDepth = 64;
constexpr size_t kMaxReplacedBytes = size_t{4} << 20;

// One stretch of a scalar: literal text, or the path of a reference.
struct Piece {
  bool reference = false;
  std::string text;
};

// Splits a scalar at its references. Returns what is wrong, or "".
std::string SplitReferences(const std::string& text, std::vector<Piece>* pieces) {
  const auto literal = [pieces](const std::string& part) {
    if (pieces->empty() || pieces->back().reference) pieces->push_back({});
    pieces->back().text += part;
  };
  for (size_t at = 0; at < text.size();) {
    if (text.compare(at, 3, "$${") == 0) {
      literal("${");
      at += 3;
    } else if (text.compare(at, 2, "${") == 0) {
      const size_t end = text.find('}', at);
      if (end == std::string::npos) return "${ without its }; write ${a.b} to refer to a key, or $${ for the characters themselves";
      const std::string path = text.substr(at + 2, end - at - 2);
      const auto of_path = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.'; };
      if (path.empty() || !std::all_of(path.begin(), path.end(), of_path)) {
        return ShownText("${" + path + "}") + " names no key; a reference is ${a.b}, and $${ stands for the characters themselves";
      }
      pieces->push_back({true, path});
      at = end + 1;
    } else {
      literal(text.substr(at, 1));
      ++at;
    }
  }
  return "";
}

class ReferenceReplacer {
 public:
  ReferenceReplacer(const ConfigDefault& defaults, ConfigNode* root, ConfigErrors* errors)
      : defaults_(defaults), root_(root), errors_(errors), num_nodes_(root->CountNodes()) {}

  // Replaces the references in a node and below it.
  void Replace(const std::string& path, ConfigNode* node) {
    State& state = states_[node];
    if (state != State::kNew) return;
    state = State::kOpen;
    if (node->kind == ConfigNode::Kind::kScalar) {
      // Text that was replaced already may hold a literal ${.
      if (node->raw.empty() && node->text.find("${") != std::string::npos) ReplaceInScalar(path, node);
    } else {
      const bool list = node->kind == ConfigNode::Kind::kList;
      for (size_t i = 0; i < node->children.size(); ++i) {
        Replace(JoinPath(path, list ? std::to_string(i) : node->children[i].key), &node->children[i]);
      }
    }
    states_[node] = State::kDone;
  }

 private:
  enum class State { kNew, kOpen, kDone };

  void Fail(const std::string& path, const std::string& message, ConfigNode* node) {
    errors_->Add(node->mark, path, message);
    Break(node);
  }

  static void Break(ConfigNode* node) {
    node->kind = ConfigNode::Kind::kBroken;
    node->children.clear();
  }

  void ReplaceInScalar(const std::string& path, ConfigNode* node) {
    std::vector<Piece> pieces;
    const std::string problem = SplitReferences(node->text, &pieces);
    if (!problem.empty()) return Fail(path, problem, node);
    node->raw = node->text;
    chain_.push_back(path);
    if (chain_.size() > kMaxReferenceDepth) {
      Fail(path, Concat("references lead on more than ", kMaxReferenceDepth, " deep"), node);
    } else if (pieces.size() == 1 && pieces[0].reference) {
      TakeWhole(path, pieces[0].text, node);
    } else {
      Join(path, pieces, node);
    }
    chain_.pop_back();
  }

  void TakeWhole(const std::string& path, const std::string& target, ConfigNode* node) {
    std::optional<ConfigNode> value = Look(path, target, node);
    if (!value) return;
    num_nodes_ += value->CountNodes();
    if (num_nodes_ > kMaxConfigNodes || !Afford(*value)) return Fail(path, "references make the configuration too large", node);
    const auto keep_place = [node](ConfigNode* copy) {
      copy->key = node->key;
      copy->key_mark = node->key_mark;
      copy->mark = node->mark;
      copy->raw = node->raw;
    };
    keep_place(&*value);
    value->reset = false;
    *node = std::move(*value);
  }

  void Join(const std::string& path, const std::vector<Piece>& pieces, ConfigNode* node) {
    std::string text;
    std::string folder = node->folder;
    for (const Piece& piece : pieces) {
      if (!piece.reference) {
        text += piece.text;
        continue;
      }
      const std::optional<ConfigNode> value = Look(path, piece.text, node);
      if (!value) return;
      if (value->kind != ConfigNode::Kind::kScalar) {
        return Fail(path, Concat("${", piece.text, "} is ", value->KindName(), "; within text only a single value can be put"), node);
      }
      // A path that begins with another path is relative to where that one is.
      if (text.empty()) folder = value->folder;
      text += value->text;
      num_bytes_ += value->text.size();
      if (num_bytes_ > kMaxReplacedBytes) return Fail(path, "references make the configuration too large", node);
    }
    node->text = text;
    node->folder = folder;
  }

  bool Afford(const ConfigNode& value) {
    num_bytes_ += value.text.size();
    for (const ConfigNode& child : value.children) {
      if (!Afford(child)) return false;
    }
    return num_bytes_ <= kMaxReplacedBytes;
  }

  // The value at `target`, its own references replaced. Reports in the name of `node` and breaks it where there is none.
  std::optional<ConfigNode> Look(const std::string& path, const std::string& target, ConfigNode* node) {
    ConfigNode* found = root_;
    std::string walked;
    for (size_t start = 0; found != nullptr && start <= target.size();) {
      const size_t end = std::min(target.find('.', start), target.size());
      const std::string part = target.substr(start, end - start);
      if (found->kind == ConfigNode::Kind::kScalar && !Settle(path, walked, found, node)) return std::nullopt;
      if (found->kind == ConfigNode::Kind::kBroken) return Broken(node);
      found = Child(part, found);
      walked = JoinPath(walked, part);
      start = end + 1;
    }
    if (found == nullptr || found->kind == ConfigNode::Kind::kNull) {
      std::optional<ConfigNode> value = defaults_(target);
      if (value) {
        Unescape(&*value);
      } else {
        Fail(path, "${" + target + "} names no key that has a value" + Hint(target), node);
      }
      return value;
    }
    if (!Settle(path, target, found, node)) return std::nullopt;
    if (found->kind == ConfigNode::Kind::kBroken) return Broken(node);
    return *found;
  }

  // Replaces what stands at `target`; false, with an error, where `node` is itself needed for that.
  bool Settle(const std::string& path, const std::string& target, ConfigNode* found, ConfigNode* node) {
    if (states_[found] == State::kOpen) {
      std::string circle;
      for (const std::string& link : chain_) circle += link + " -> ";
      Fail(path, "refers to itself: " + circle + target, node);
      return false;
    }
    Replace(target, found);
    return true;
  }

  // Defaults refer to nothing; they may hold $${.
  static void Unescape(ConfigNode* node) {
    for (size_t at = node->text.find("$${"); at != std::string::npos; at = node->text.find("$${", at)) {
      node->raw = "${}";
      node->text.erase(at, 1);
      at += 2;
    }
    for (ConfigNode& child : node->children) Unescape(&child);
  }

  static std::optional<ConfigNode> Broken(ConfigNode* node) {
    Break(node);
    return std::nullopt;
  }

  static ConfigNode* Child(const std::string& part, ConfigNode* node) {
    if (node->kind != ConfigNode::Kind::kList) return node->Find(part);
    for (size_t i = 0; i < node->children.size(); ++i) {
      if (std::to_string(i) == part) return &node->children[i];
    }
    return nullptr;
  }

  std::string Hint(const std::string& target) const {
    if (target.rfind("env", 0) == 0) return "; the environment is not read";
    std::vector<std::string> paths;
    Collect("", *root_, &paths);
    const std::string nearest = NearestName(target, paths);
    return nearest.empty() ? "; write the full dotted path from the top of the file" : "; the nearest is ${" + nearest + "}";
  }

  static void Collect(const std::string& path, const ConfigNode& node, std::vector<std::string>* paths) {
    constexpr size_t kMaxNamesShown = 1000;
    if (!path.empty() && paths->size() < kMaxNamesShown) paths->push_back(path);
    if (node.kind != ConfigNode::Kind::kMap) return;
    for (const ConfigNode& child : node.children) Collect(JoinPath(path, child.key), child, paths);
  }

  const ConfigDefault& defaults_;
  ConfigNode* root_;
  ConfigErrors* errors_;
  std::unordered_map<const ConfigNode*, State> states_;
  std::vector<std::string> chain_;  // the keys whose references are being followed
  size_t num_nodes_;
  size_t num_bytes_ = 0;
};

}  // namespace

void ReplaceReferences(const ConfigDefault& defaults, ConfigNode* root, ConfigErrors* errors) {
  if (root->kind != ConfigNode::Kind::kMap) return;
  ReferenceReplacer(defaults, root, errors).Replace("", root);
  if (root->Depth() > kMaxConfigLevels) {
    errors->Add(root->mark, "", Concat("references nest the configuration more than ", kMaxConfigLevels, " levels deep"));
    root->kind = ConfigNode::Kind::kBroken;
    root->children.clear();
  }
}

}  // namespace temper
