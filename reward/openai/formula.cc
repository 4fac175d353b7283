#include "reward/openai/formula.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "cluster/base/error.h"

namespace temper {
namespace {

constexpr size_t kMaxFormulaBytes = 4096, kMaxSteps = 1000;
constexpr int kMaxDepth = 64;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

}  // namespace

// sum = product {(+ | -) product}; product = signed {(* | /) signed}; signed = [+ | -] signed | power; power = atom [^ signed].
class FormulaParser {
 public:
  FormulaParser(std::string_view text, const std::vector<std::string>& names, std::vector<Formula::Step>* steps)
      : text_(text), names_(names), steps_(*steps) {}

  void Parse() {
    Sum();
    if (Next() != '\0') Fail("something is left over");
  }

 private:
  using Op = Formula::Op;

  [[noreturn]] void Fail(const std::string& what) const {
    throw ConfigError(Concat("formula '", std::string(text_.substr(0, 200)), "', character ", at_ + 1, ": ", what));
  }
  char Next() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool Take(char c) {
    if (Next() != c) return false;
    ++at_;
    return true;
  }
  void Emit(Op op, double number = 0, std::string name = "", size_t operands = 0) {
    if (steps_.size() == kMaxSteps) Fail(Concat("more than ", kMaxSteps, " operations"));
    steps_.push_back({op, number, std::move(name), operands});
  }
  // Counts the levels of nesting while it lives.
  class Level {
   public:
    explicit Level(FormulaParser* parser) : parser_(*parser) {
      if (++parser_.depth_ > kMaxDepth) parser_.Fail(Concat("more than ", kMaxDepth, " levels of nesting"));
    }
    ~Level() { --parser_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    FormulaParser& parser_;
  };

  void Sum() {
    Product();
    while (true) {
      if (Take('+')) {
        Product();
        Emit(Op::kAdd);
      } else if (Take('-')) {
        Product();
        Emit(Op::kSubtract);
      } else {
        return;
      }
    }
  }
  void Product() {
    Signed();
    while (true) {
      if (Take('*')) {
        Signed();
        Emit(Op::kMultiply);
      } else if (Take('/')) {
        Signed();
        Emit(Op::kDivide);
      } else {
        return;
      }
    }
  }
  void Signed() {
    const Level level(this);
    if (Take('-')) {
      Signed();
      return Emit(Op::kNegate);
    }
    if (Take('+')) return Signed();
    Atom();
    if (!Take('^')) return;
    Signed();
    Emit(Op::kPower);
  }
  void Atom() {
    const char c = Next();
    if (Take('(')) {
      Sum();
      if (!Take(')')) Fail("a closing parenthesis is missing");
    } else if (IsDigit(c) || c == '.') {
      Number();
    } else if (IsNameStart(c)) {
      NameOrCall();
    } else {
      Fail(c == '\0' ? "a value is missing at the end" : "a value is expected here");
    }
  }
  void Number() {
    const size_t begin = at_;
    while (at_ < text_.size() && (IsDigit(text_[at_]) || text_[at_] == '.')) ++at_;
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      size_t ahead = at_ + 1;
      if (ahead < text_.size() && (text_[ahead] == '+' || text_[ahead] == '-')) ++ahead;
      if (ahead < text_.size() && IsDigit(text_[ahead])) {
        at_ = ahead;
        while (at_ < text_.size() && IsDigit(text_[at_])) ++at_;
      }
    }
    const std::string word(text_.substr(begin, at_ - begin));
    char* end = nullptr;
    const double value = std::strtod(word.c_str(), &end);
    if (*end != '\0' || !std::isfinite(value)) Fail(Concat("'", word.substr(0, 40), "' is no number"));
    Emit(Op::kNumber, value);
  }
  void NameOrCall() {
    const size_t begin = at_;
    while (at_ < text_.size() && (IsNameStart(text_[at_]) || IsDigit(text_[at_]))) ++at_;
    const std::string name(text_.substr(begin, at_ - begin));
    if (Next() == '(') return Call(name);
    if (std::find(names_.begin(), names_.end(), name) != names_.end()) return Emit(Op::kName, 0, name);
    std::string known;
    for (const std::string& each : names_) known += (known.empty() ? "" : ", ") + each;
    Fail(Concat("there is no grader '", name, "'; there are ", known));
  }
  void Call(const std::string& name) {
    constexpr std::pair<std::string_view, Op> kFunctions[] = {{"min", Op::kMin},     {"max", Op::kMax},   {"abs", Op::kAbs},
                                                              {"floor", Op::kFloor}, {"ceil", Op::kCeil}, {"exp", Op::kExp},
                                                              {"sqrt", Op::kSqrt},   {"log", Op::kLog}};
    const auto* function = std::find_if(std::begin(kFunctions), std::end(kFunctions), [&](const auto& each) { return each.first == name; });
    if (function == std::end(kFunctions))
      Fail(Concat("there is no function '", name, "'; there are min, max, abs, floor, ceil, exp, sqrt, log"));
    const Level level(this);
    Take('(');
    size_t operands = 0;
    do {
      Sum();
      ++operands;
    } while (Take(','));
    if (!Take(')')) Fail("a closing parenthesis is missing");
    const bool any_number = function->second == Op::kMin || function->second == Op::kMax;
    if (!any_number && operands != 1) Fail(Concat(name, " takes one value, not ", operands));
    Emit(function->second, 0, "", operands);
  }

  const std::string_view text_;
  const std::vector<std::string>& names_;
  std::vector<Formula::Step>& steps_;
  size_t at_ = 0;
  int depth_ = 0;
};

Formula::Formula(std::string_view text, const std::vector<std::string>& names) {
  if (text.size() > kMaxFormulaBytes) throw ConfigError(Concat("a formula of ", text.size(), " characters; at most ", kMaxFormulaBytes));
  FormulaParser(text, names, &steps_).Parse();
}

double Formula::Apply(const Step& step, const double* v) {
  switch (step.op) {
    case Op::kAdd:
      return v[0] + v[1];
    case Op::kSubtract:
      return v[0] - v[1];
    case Op::kMultiply:
      return v[0] * v[1];
    case Op::kDivide:
      return v[0] / v[1];
    case Op::kPower:
      return std::pow(v[0], v[1]);
    case Op::kNegate:
      return -v[0];
    case Op::kMin:
      return *std::min_element(v, v + step.operands);
    case Op::kMax:
      return *std::max_element(v, v + step.operands);
    case Op::kAbs:
      return std::abs(v[0]);
    case Op::kFloor:
      return std::floor(v[0]);
    case Op::kCeil:
      return std::ceil(v[0]);
    case Op::kExp:
      return std::exp(v[0]);
    case Op::kSqrt:
      return std::sqrt(v[0]);
    case Op::kLog:
      return std::log(v[0]);
    case Op::kNumber:
    case Op::kName:
      break;
  }
  return step.number;
}

std::optional<double> Formula::Value(const std::map<std::string, double>& values) const {
  std::vector<double> stack;
  for (const Step& step : steps_) {
    size_t operands = step.operands;
    if (step.op == Op::kNumber || step.op == Op::kName) {
      operands = 0;
    } else if (operands == 0) {
      operands = step.op == Op::kNegate ? 1 : 2;
    }
    const double value = step.op == Op::kName ? values.at(step.name) : Apply(step, stack.data() + stack.size() - operands);
    if (!std::isfinite(value)) return std::nullopt;
    stack.resize(stack.size() - operands);
    stack.push_back(value);
  }
  return stack.back();
}

}  // namespace temper
