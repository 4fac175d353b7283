#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace temper {

// The values of a template are Python's, because that is what chat templates are written for. A value is a small copyable handle; texts
// and containers live in the JinjaHeap of one rendering and go with it, so neither cycles nor deep nesting can leak or overflow.

// What went wrong in a template, without the place. The evaluator, which knows the place, turns it into a ChatTemplateError.
class JinjaFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Wide enough for every integer of JSON; what does not fit is a JinjaFailure, never a wrong number.
using JinjaInt = __int128;

enum class JinjaKind : uint8_t {
  kMissing,    // a variable nobody has assigned; reading it gives kUndefined
  kUndefined,  // text(): what an error about it says
  kNone,
  kBool,
  kInt,
  kFloat,
  kString,
  kList,
  kTuple,
  kDict,
  kDictView,
  kRange,
  kIterator,  // gives its items once
  kNamespace,
  kMacro,
  kMethod,
  kGlobal,
  kLoop,
};

class JinjaHeap;
struct JinjaObject {
  virtual ~JinjaObject() = default;
};
struct JinjaSequence;
struct JinjaDict;
struct JinjaDictView;
struct JinjaRange;
struct JinjaIterator;
struct JinjaMethod;

class JinjaValue {
 public:
  JinjaValue() = default;
  static JinjaValue Undefined(std::string_view message) { return {JinjaKind::kUndefined, message}; }
  static JinjaValue None() { return {JinjaKind::kNone, std::string_view()}; }
  static JinjaValue Bool(bool value);
  static JinjaValue Int(JinjaInt value);
  static JinjaValue Float(double value);
  // `text` must outlive the rendering. `markup`: went through `safe` or `escape`, as markupsafe's Markup.
  static JinjaValue String(std::string_view text, bool markup = false);
  static JinjaValue List(const JinjaSequence* items);
  static JinjaValue Tuple(const JinjaSequence* items);
  static JinjaValue Dict(const JinjaDict* dict);
  static JinjaValue Object(JinjaKind kind, JinjaObject* object);

  JinjaKind kind() const { return kind_; }
  bool Is(JinjaKind kind) const { return kind_ == kind; }
  bool is_string() const { return kind_ == JinjaKind::kString; }
  bool is_undefined() const { return kind_ == JinjaKind::kUndefined; }
  bool is_none() const { return kind_ == JinjaKind::kNone; }
  bool is_number() const { return kind_ == JinjaKind::kBool || kind_ == JinjaKind::kInt || kind_ == JinjaKind::kFloat; }
  bool is_integral() const { return kind_ == JinjaKind::kBool || kind_ == JinjaKind::kInt; }
  bool is_sequence() const { return kind_ == JinjaKind::kList || kind_ == JinjaKind::kTuple; }
  bool markup() const { return markup_; }

  // Each is valid for its kinds only.
  std::string_view text() const { return {data_.chars, size_}; }  // kString, kUndefined
  JinjaInt integer() const { return data_.integer; }              // kBool, kInt
  double real() const { return data_.real; }                      // kFloat
  double number() const { return kind_ == JinjaKind::kFloat ? data_.real : static_cast<double>(data_.integer); }
  const std::vector<JinjaValue>& items() const;  // kList, kTuple
  const JinjaDict& dict() const;                 // kDict
  template <typename T>
  T* object() const {
    return static_cast<T*>(data_.object);
  }

 private:
  JinjaValue(JinjaKind kind, std::string_view text) : kind_(kind), size_(text.size()) { data_.chars = text.data(); }

  JinjaKind kind_ = JinjaKind::kMissing;
  bool markup_ = false;
  size_t size_ = 0;
  union {
    JinjaInt integer;
    double real;
    const char* chars;
    JinjaObject* object;
  } data_ = {0};
};

struct JinjaSequence : JinjaObject {
  std::vector<JinjaValue> items;
};

// In insertion order, as Python's.
struct JinjaDict : JinjaObject {
  std::vector<std::pair<JinjaValue, JinjaValue>> items;
  const JinjaValue* Find(JinjaHeap* heap, const JinjaValue& key) const;  // null: not there
  const JinjaValue* Find(std::string_view key) const;
};

struct JinjaDictView : JinjaObject {
  enum class What { kKeys, kValues, kItems };
  const JinjaDict* dict = nullptr;
  What what = What::kItems;
};

struct JinjaRange : JinjaObject {
  int64_t start = 0;
  int64_t step = 1;
  int64_t size = 0;
  int64_t At(int64_t i) const { return start + i * step; }
};

struct JinjaIterator : JinjaObject {
  std::function<std::optional<JinjaValue>()> next;
};

// Attributes of a namespace(): the one thing a template may change.
struct JinjaNamespace : JinjaObject {
  JinjaDict attributes;
};

struct JinjaMethod : JinjaObject {
  JinjaValue receiver;
  std::string_view name;
};

struct JinjaGlobal : JinjaObject {
  std::string name;
};

struct JinjaLimits {
  size_t bytes = 256u << 20;       // text and containers made in one rendering, the output among them
  int64_t steps = 20'000'000;      // expressions and statements evaluated, items gone through
  int depth = 1000;                // expressions, statements and values inside one another
  int macro_depth = 150;           // macros that call macros
  int64_t range_length = 100'000;  // of one range(), as in jinja2's sandbox
};

// Owns what one rendering makes and counts it against the limits; every violation is a JinjaFailure.
class JinjaHeap {
 public:
  explicit JinjaHeap(const JinjaLimits& limits) : limits_(limits) {}

  template <typename T>
  T* New() {
    Charge(sizeof(T));
    auto owned = std::make_unique<T>();
    T* object = owned.get();
    objects_.push_back(std::move(owned));
    return object;
  }
  JinjaValue Text(std::string text, bool markup = false);
  JinjaValue Undefined(std::string message);
  JinjaValue List(std::vector<JinjaValue> items);
  JinjaValue Tuple(std::vector<JinjaValue> items);
  JinjaValue Iterator(std::function<std::optional<JinjaValue>()> next);

  // Before a text or container of that size is made.
  void Charge(size_t bytes);
  void Step(int64_t count = 1);
  // Before as many bytes are looked at.
  void Scan(size_t bytes) { Step(1 + static_cast<int64_t>(bytes / 256)); }
  const JinjaLimits& limits() const { return limits_; }

  // Held while something nested is gone into.
  class Depth {
   public:
    explicit Depth(JinjaHeap* heap);
    ~Depth() { --heap_->depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;

   private:
    JinjaHeap* heap_;
  };

 private:
  JinjaLimits limits_;
  size_t bytes_ = 0;
  int64_t steps_ = 0;
  int depth_ = 0;
  std::deque<std::string> texts_;
  std::vector<std::unique_ptr<JinjaObject>> objects_;
};

// As Python's bool(), == and type(x).__name__.
bool JinjaTruth(const JinjaValue& value);
bool JinjaEqual(JinjaHeap* heap, const JinjaValue& a, const JinjaValue& b);
std::string_view JinjaTypeName(const JinjaValue& value);
// Whether it may be a key of a dict.
bool JinjaHashable(JinjaHeap* heap, const JinjaValue& value);
// Sets a key; an existing one keeps its place. JinjaFailure where the key cannot be hashed.
void JinjaSet(JinjaHeap* heap, JinjaDict* dict, const JinjaValue& key, const JinjaValue& value);

// len(): nothing where Python has none.
std::optional<int64_t> JinjaLength(const JinjaValue& value);
bool JinjaIterable(const JinjaValue& value);
// iter(): the items one after another. JinjaFailure where Python has none.
std::function<std::optional<JinjaValue>()> JinjaIterate(JinjaHeap* heap, const JinjaValue& value);
std::vector<JinjaValue> JinjaItems(JinjaHeap* heap, const JinjaValue& value);

}  // namespace temper
