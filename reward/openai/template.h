#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

namespace temper {

// What the templates of an OpenAI grader may name: the columns of the row and the answer. Borrowed.
struct GradedSample {
  const std::map<std::string, std::string>& item;
  std::string_view output_text;
  bool truncated = false;  // the answer was cut at its limit
};

// Why a template has no text for a sample.
enum class RenderProblem : uint8_t {
  kNone,
  kItem,   // the row has no such value: the data or the template is wrong
  kSample  // the answer has none, e.g. it is no JSON where {{sample.output_json.x}} reads it: the answer is wrong
};
struct Rendered {
  std::string text;
  RenderProblem problem = RenderProblem::kNone;
  std::string error;  // where there is a problem
};

// A text with {{ namespace.variable }}, as OpenAI's graders have it. Namespaces are `item` and `sample`; behind a variable go .name,
// [number] and ['name']. Of `sample` there are output_text, output_json (the answer read as JSON) and choices; output_tools and
// output_audio are refused, since Temper's answers are texts. A string value is inserted as it is, any other as JSON.
class GraderTemplate {
 public:
  GraderTemplate() = default;
  // Throws ConfigError: what is wrong and at which byte. At most 256 KiB, 1,000 variables and 32 steps of a path.
  explicit GraderTemplate(std::string_view text);

  Rendered Render(const GradedSample& sample) const;
  // The columns that it reads, each once, sorted.
  std::vector<std::string> Columns() const;

 private:
  using Step = std::variant<std::string, size_t>;  // a name, or a place in a list
  struct Variable {
    bool of_item = false;
    std::string name;
    std::vector<Step> path;
    std::string written;  // as it stands in the template, for messages
  };
  struct Piece {
    std::string text;  // before the variable
    bool has_variable = false;
    Variable variable;
  };
  static Variable ReadVariable(std::string_view inside, size_t at);
  static bool Follow(const Variable& variable, nlohmann::json value, std::string* text);
  static Rendered ValueOf(const Variable& variable, const GradedSample& sample);

  std::vector<Piece> pieces_;
};

}  // namespace temper
