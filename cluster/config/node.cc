#include "cluster/config/node.h"

#include <algorithm>
#include <sstream>
#include <unordered_map>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "cluster/base/error.h"
#include "cluster/base/utf8.h"

namespace temper {
namespace {

constexpr size_t kMaxKeyBytes = 256;

// Ends the parsing of a file that goes beyond a limit, or that the library takes although it is broken.
struct ParsingStopped {
  ConfigMark mark;
  std::string message;
};

// Whether every byte of a file may stand in it. The YAML library takes 0x04 for the end of the file and lets junk pass.
bool CheckBytes(const std::string& text, const std::string& file, ConfigErrors* errors) {
  ConfigMark mark{file, 1, 1};
  if (text.size() > kMaxConfigBytes) {
    errors->Add(mark, "", Concat("the file has ", text.size(), " bytes; at most ", kMaxConfigBytes, " are read"));
    return false;
  }
  for (size_t at = 0; at < text.size();) {
    const auto c = static_cast<unsigned char>(text[at]);
    const bool return_before_newline = c == '\r' && at + 1 < text.size() && text[at + 1] == '\n';
    if ((c < 0x20 && c != '\n' && c != '\t' && !return_before_newline) || c == 0x7F) {
      errors->Add(mark, "", Concat("control character ", static_cast<int>(c), "; remove it, or write it as an escape in double quotes"));
      return false;
    }
    const size_t length = Utf8Length(text, at);
    if (length == 0) {
      errors->Add(mark, "", "bytes that are not UTF-8; save the file as UTF-8");
      return false;
    }
    mark.column = c == '\n' ? 1 : mark.column + static_cast<int>(length);
    mark.line += c == '\n' ? 1 : 0;
    at += length;
  }
  return true;
}

// Builds the tree from the parser's events. Events, and not the library's own tree, because that tree has lost what must be refused
// here: aliases are expanded in it and duplicate keys hidden.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const std::string& text, const std::string& file, size_t max_nodes, ConfigErrors* errors)
      : text_(text), file_(file), max_nodes_(max_nodes), errors_(errors) {}

  ConfigNode TakeRoot() { return std::move(root_); }

  // Where the innermost list or map that is still open began.
  ConfigMark OpenedAt() const { return frames_.empty() ? ConfigMark{file_, 1, 1} : frames_.back().node.mark; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    ++num_documents_;
    if (num_documents_ > 1) throw ParsingStopped{Position(mark), "a second YAML document; a configuration file holds one"};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    ConfigNode node;
    node.mark = Position(mark);
    Check(mark, "?", anchor, &node);
    // Of a value that is not written at all the parser does not know the place; its key stands for it.
    if (!frames_.empty() && frames_.back().have_key && !IsNullWord(mark)) node.mark = frames_.back().key_mark;
    Place(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    ConfigNode node;
    node.mark = Position(mark);
    node.kind = ConfigNode::Kind::kBroken;
    errors_->Add(node.mark, Path(), "aliases (*name) are not read; refer to the other key with ${a.b}");
    Place(std::move(node));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    ConfigNode node;
    node.mark = Position(mark);
    node.kind = ConfigNode::Kind::kScalar;
    node.quoted = tag == "!";
    node.text = value;
    if (!QuotesClose(mark)) throw ParsingStopped{node.mark, "not valid YAML: the quotes that open here are never closed"};
    Check(mark, tag, anchor, &node);
    Place(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value style) override {
    Open(ConfigNode::Kind::kList, mark, tag, anchor, style);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value style) override {
    Open(ConfigNode::Kind::kMap, mark, tag, anchor, style);
  }
  void OnMapEnd() override { Close(); }

 private:
  // A list or map being filled.
  struct Frame {
    ConfigNode node;
    bool have_key = false;    // the next event is the value of `key`
    bool drop_value = false;  // the key was refused: so is its value
    std::string key;
    ConfigMark key_mark;
    std::unordered_map<std::string, int> lines;  // of the keys seen
  };

  char At(int pos) const { return pos >= 0 && static_cast<size_t>(pos) < text_.size() ? text_[pos] : ' '; }

  bool IsNullWord(const YAML::Mark& mark) const { return At(mark.pos) == '~' || At(mark.pos) == 'n' || At(mark.pos) == 'N'; }

  // Whether a scalar in quotes has its closing one: the library takes the end of the file for it where a line ends before.
  bool QuotesClose(const YAML::Mark& mark) const {
    const char quote = At(mark.pos);
    if (quote != '"' && quote != '\'') return true;
    for (size_t at = static_cast<size_t>(mark.pos) + 1; at < text_.size(); ++at) {
      if (text_[at] == '\\' && quote == '"') {
        ++at;
      } else if (text_[at] == quote) {
        if (quote == '"' || At(static_cast<int>(at) + 1) != quote) return true;
        ++at;
      }
    }
    return false;
  }

  ConfigMark Position(const YAML::Mark& mark) const { return {file_, std::max(mark.line, 0) + 1, std::max(mark.column, 0) + 1}; }

  // The dotted path of the value that comes next.
  std::string Path() const {
    std::string path;
    for (const Frame& frame : frames_) {
      if (frame.node.kind == ConfigNode::Kind::kList) {
        path = JoinPath(path, std::to_string(frame.node.children.size()));
      } else if (frame.have_key) {
        path = JoinPath(path, frame.key);
      }
    }
    return path;
  }

  void Check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, ConfigNode* node) {
    if (++num_nodes_ > max_nodes_) throw ParsingStopped{node->mark, Concat("more than ", kMaxConfigNodes, " values; split the file")};
    // The tag `!` alone comes through as if the scalar were quoted, so the text is looked at as well.
    if (At(mark.pos) == '!' || (tag != "?" && tag != "!" && !tag.empty())) {
      errors_->Add(node->mark, Path(), "tags (!name) are not read; remove it, and quote what is meant as text");
      if (node->kind == ConfigNode::Kind::kScalar || node->kind == ConfigNode::Kind::kNull) node->kind = ConfigNode::Kind::kBroken;
    }
    if (anchor != 0) errors_->Add(node->mark, Path(), "anchors (&name) are not read; refer to this key with ${a.b} instead");
  }

  void Open(ConfigNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value style) {
    Frame frame;
    frame.node.kind = kind;
    frame.node.flow = style == YAML::EmitterStyle::Flow;
    frame.node.mark = Position(mark);
    Check(mark, tag, anchor, &frame.node);
    if (frames_.size() >= kMaxConfigLevels) {
      throw ParsingStopped{frame.node.mark, Concat("nested more than ", kMaxConfigLevels, " levels deep")};
    }
    frames_.push_back(std::move(frame));
  }

  void Close() {
    ConfigNode node = std::move(frames_.back().node);
    frames_.pop_back();
    Place(std::move(node));
  }

  void Place(ConfigNode node) {
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.kind == ConfigNode::Kind::kList) {
      frame.node.children.push_back(std::move(node));
    } else if (!frame.have_key) {
      TakeKey(node, &frame);
    } else {
      frame.have_key = false;
      if (frame.drop_value) return;
      node.key = frame.key;
      node.key_mark = frame.key_mark;
      frame.node.children.push_back(std::move(node));
    }
  }

  void TakeKey(const ConfigNode& node, Frame* frame) {
    const std::string section = Path();
    const std::string problem = KeyProblem(node, *frame);
    frame->have_key = true;
    frame->key_mark = node.mark;
    const bool word = node.kind == ConfigNode::Kind::kScalar && !node.text.empty() && node.text.size() <= kMaxKeyBytes;
    frame->key = word ? node.text : "?";
    frame->drop_value = !problem.empty() || node.kind == ConfigNode::Kind::kBroken;
    if (!problem.empty()) errors_->Add(node.mark, frame->key == "?" ? section : JoinPath(section, frame->key), problem);
    if (!frame->drop_value) frame->lines[frame->key] = node.mark.line;
  }

  std::string KeyProblem(const ConfigNode& node, const Frame& frame) const {
    if (node.kind == ConfigNode::Kind::kBroken) return "";
    if (node.kind != ConfigNode::Kind::kScalar) return Concat("a key must be a word, not ", node.KindName());
    if (node.text.empty()) return "a key must be a word, not empty text";
    if (node.text.size() > kMaxKeyBytes) return Concat("a key of more than ", kMaxKeyBytes, " bytes");
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    if (std::any_of(node.text.begin(), node.text.end(), control)) return "a key must not hold control characters";
    if (node.text == "<<" && !node.quoted) return "merge keys (<<) are not read; list the other file under defaults:, or refer with ${a.b}";
    const auto seen = frame.lines.find(node.text);
    if (seen != frame.lines.end()) return Concat("duplicate key; it stands at line ", seen->second, " already");
    return "";
  }

  const std::string& text_;
  const std::string file_;
  const size_t max_nodes_;
  ConfigErrors* errors_;
  std::vector<Frame> frames_;
  ConfigNode root_;
  size_t num_nodes_ = 0;
  int num_documents_ = 0;
};

// What helps with the commonest mistakes on the line at which the parser gave up.
std::string SyntaxHint(const std::string& text, int line) {
  std::istringstream lines(text);
  std::string current;
  for (int i = 0; i <= line && std::getline(lines, current); ++i) {
  }
  const size_t first = current.find_first_not_of(' ');
  if (first != std::string::npos && current[first] == '\t') return "; indent with spaces, not tabs";
  if (current.find("${") != std::string::npos) return "; inside [ ] and { } a reference needs quotes: \"${a.b}\"";
  return "; check the indentation, colons, brackets and quotes near here";
}

}  // namespace

const ConfigNode* ConfigNode::Find(const std::string& name) const {
  for (const ConfigNode& child : children) {
    if (kind == Kind::kMap && child.key == name) return &child;
  }
  return nullptr;
}

ConfigNode* ConfigNode::Find(const std::string& name) { return const_cast<ConfigNode*>(std::as_const(*this).Find(name)); }

size_t ConfigNode::CountNodes() const {
  size_t count = 1;
  for (const ConfigNode& child : children) count += child.CountNodes();
  return count;
}

size_t ConfigNode::Depth() const {
  size_t deepest = 0;
  for (const ConfigNode& child : children) deepest = std::max(deepest, child.Depth());
  return deepest + 1;
}

const char* ConfigNode::KindName() const {
  switch (kind) {
    case Kind::kScalar:
      return "a single value";
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a map of keys";
    default:
      return "empty";
  }
}

void SetMark(const ConfigMark& mark, ConfigNode* node) {
  node->mark = mark;
  node->key_mark = mark;
  for (ConfigNode& child : node->children) SetMark(mark, &child);
}

void SetFolder(const std::string& folder, ConfigNode* node) {
  node->folder = folder;
  for (ConfigNode& child : node->children) SetFolder(folder, &child);
}

ConfigNode ParseConfigYaml(const std::string& text, const std::string& file, size_t max_nodes, ConfigErrors* errors) {
  ConfigNode broken;
  broken.kind = ConfigNode::Kind::kBroken;
  broken.mark = {file, 1, 1};
  if (!CheckBytes(text, file, errors)) return broken;
  // A byte order mark would shift the positions within the text.
  const std::string body = text.rfind("\xEF\xBB\xBF", 0) == 0 ? text.substr(3) : text;
  TreeBuilder builder(body, file, max_nodes, errors);
  try {
    std::istringstream stream(body);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    // At the end of the text the parser's position says nothing, or is none at all.
    const bool at_end = error.mark.pos <= 0 || body.find_first_not_of(" \n", error.mark.pos) == std::string::npos;
    if (error.msg.rfind("end of ", 0) == 0 && at_end) {
      errors->Add(builder.OpenedAt(), "", "not valid YAML: the [ or { that opens here is never closed");
      return broken;
    }
    const int line = std::max(error.mark.line, 0);
    errors->Add({file, line + 1, std::max(error.mark.column, 0) + 1}, "", "not valid YAML: " + error.msg + SyntaxHint(body, line));
    return broken;
  } catch (const ParsingStopped& stop) {
    errors->Add(stop.mark, "", stop.message);
    return broken;
  }
  ConfigNode root = builder.TakeRoot();
  if (root.mark.line == 0) root.mark = {file, 1, 1};
  return root;
}

}  // namespace temper
