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

namespace temper::jinja {

// The values of a template are Python's, because that is what chat templates are written for. A
// value is a small copyable handle. Texts and containers live in the Heap of one rendering and go
// with it, so neither cycles nor deep nesting can leak or overflow.

// What went wrong in a template, without the place. The evaluator, which knows the place, turns it into a TemplateError.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Wide enough for every integer of JSON; what does not fit is a Failure, never a wrong number.
using Integer = __int128;

enum class Kind : uint8_t {
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

class Heap;
struct Object {
  virtual ~Object() = default;
};
struct Sequence;
struct Dict;
struct DictView;
struct Range;
struct Iterator;
struct Method;

class Value {
 public:
  Value() = default;
  static Value Undefined(std::string_view message) { return {Kind::kUndefined, message}; }
  static Value None() { return {Kind::kNone, std::string_view()}; }
  static Value Bool(bool value);
  static Value Int(Integer value);
  static Value Float(double value);
  // `text` must outlive the rendering. `markup`: went through `safe` or `escape`, as markupsafe's Markup.
  static Value String(std::string_view text, bool markup = false);
  static Value List(const Sequence* items);
  static Value Tuple(const Sequence* items);
  static Value Dict(const jinja::Dict* dict);
  static Value Object(Kind kind, jinja::Object* object);

  Kind kind() const { return kind_; }
  bool Is(Kind kind) const { return kind_ == kind; }
  bool is_string() const { return kind_ == Kind::kString; }
  bool is_undefined() const { return kind_ == Kind::kUndefined; }
  bool is_none() const { return kind_ == Kind::kNone; }
  bool is_number() const { return kind_ == Kind::kBool || kind_ == Kind::kInt || kind_ == Kind::kFloat; }
  bool is_integral() const { return kind_ == Kind::kBool || kind_ == Kind::kInt; }
  bool is_sequence() const { return kind_ == Kind::kList || kind_ == Kind::kTuple; }
  bool markup() const { return markup_; }

  // Each is valid for its kinds only.
  std::string_view text() const { return {data_.chars, size_}; }  // kString, kUndefined
  Integer integer() const { return data_.integer; }               // kBool, kInt
  double real() const { return data_.real; }                      // kFloat
  double number() const { return kind_ == Kind::kFloat ? data_.real : static_cast<double>(data_.integer); }
  const std::vector<Value>& items() const;  // kList, kTuple
  const jinja::Dict& dict() const;          // kDict
  template <typename T>
  T* object() const {
    return static_cast<T*>(data_.object);
  }

 private:
  Value(Kind kind, std::string_view text) : kind_(kind), size_(text.size()) { data_.chars = text.data(); }

  Kind kind_ = Kind::kMissing;
  bool markup_ = false;
  size_t size_ = 0;
  union {
    Integer integer;
    double real;
    const char* chars;
    jinja::Object* object;
  } data_ = {0};
};

struct Sequence : Object {
  std::vector<Value> items;
};

// In insertion order, as Python's.
struct Dict : Object {
  std::vector<std::pair<Value, Value>> items;
  const Value* Find(Heap* heap, const Value& key) const;  // null: not there
  const Value* Find(std::string_view key) const;
};

struct DictView : Object {
  enum class What { kKeys, kValues, kItems };
  const Dict* dict = nullptr;
  What what = What::kItems;
};

struct Range : Object {
  int64_t start = 0;
  int64_t step = 1;
  int64_t size = 0;
  int64_t At(int64_t i) const { return start + i * step; }
};

struct Iterator : Object {
  std::function<std::optional<Value>()> next;
};

// Attributes of a namespace(): the one thing a template may change.
struct Namespace : Object {
  Dict attributes;
};

struct Method : Object {
  Value receiver;
  std::string_view name;
};

struct Global : Object {
  std::string name;
};

struct Limits {
  size_t bytes = 256u << 20;       // text and containers made in one rendering, the output among them
  int64_t steps = 20'000'000;      // expressions and statements evaluated, items gone through
  int depth = 1000;                // expressions, statements and values inside one another
  int macro_depth = 150;           // macros that call macros
  int64_t range_length = 100'000;  // of one range(), as in jinja2's sandbox
};

// Owns what one rendering makes and counts it against the limits; every violation is a Failure.
class Heap {
 public:
  explicit Heap(const Limits& limits) : limits_(limits) {}

  template <typename T>
  T* New() {
    Charge(sizeof(T));
    auto owned = std::make_unique<T>();
    T* object = owned.get();
    objects_.push_back(std::move(owned));
    return object;
  }
  Value Text(std::string text, bool markup = false);
  Value Undefined(std::string message);
  Value List(std::vector<Value> items);
  Value Tuple(std::vector<Value> items);
  Value Iterator(std::function<std::optional<Value>()> next);

  // Before a text or container of that size is made.
  void Charge(size_t bytes);
  void Step(int64_t count = 1);
  // Before as many bytes are looked at.
  void Scan(size_t bytes) { Step(1 + static_cast<int64_t>(bytes / 256)); }
  const Limits& limits() const { return limits_; }

  // Held while something nested is gone into.
  class Depth {
   public:
    explicit Depth(Heap* heap);
    ~Depth() { --heap_->depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;

   private:
    Heap* heap_;
  };

 private:
  Limits limits_;
  size_t bytes_ = 0;
  int64_t steps_ = 0;
  int depth_ = 0;
  std::deque<std::string> texts_;
  std::vector<std::unique_ptr<Object>> objects_;
};

// As Python's bool(), == and type(x).__name__.
bool Truth(const Value& value);
bool Equal(Heap* heap, const Value& a, const Value& b);
std::string_view TypeName(const Value& value);
// Whether it may be a key of a dict.
bool Hashable(Heap* heap, const Value& value);
// Sets a key; an existing one keeps its place. Failure where the key cannot be hashed.
void Set(Heap* heap, Dict* dict, const Value& key, const Value& value);

// len(): nothing where Python has none.
std::optional<int64_t> Length(const Value& value);
bool Iterable(const Value& value);
// iter(): the items one after another. Failure where Python has none.
std::function<std::optional<Value>()> Iterate(Heap* heap, const Value& value);
std::vector<Value> Items(Heap* heap, const Value& value);

}  // namespace temper::jinja
