#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/base/error.h"
#include "policy/jinja/value.h"

namespace temper::jinja {

// A mistake in a template, or an error while it renders: "name:line:column: message". Lines and columns count from 1, columns in
// characters.
class TemplateError : public ConfigError {
 public:
  TemplateError(const std::string& name, int64_t line, int64_t column, const std::string& message)
      : ConfigError(Concat(name, ":", line, ":", column, ": ", message)), line_(line), column_(column), message_(message) {}
  int64_t line() const { return line_; }
  int64_t column() const { return column_; }
  // Without the place; what raise_exception was called with.
  const std::string& message() const { return message_; }

 private:
  int64_t line_;
  int64_t column_;
  std::string message_;
};

// A template's text as jinja2 reads it: line ends are \n, the last one is gone.
class Source {
 public:
  // `name` stands in errors. TemplateError where the text is no UTF-8 or longer than 1 MiB.
  Source(const std::string& name, std::string_view text);
  const std::string& text() const { return text_; }
  [[noreturn]] void Fail(size_t offset, const std::string& message) const;

 private:
  std::string name_;
  std::string text_;
};

enum class TokenType { kData, kVariableBegin, kVariableEnd, kBlockBegin, kBlockEnd, kName, kString, kInteger, kFloat, kOperator, kEnd };

struct Token {
  TokenType type = TokenType::kEnd;
  std::string text;  // data, name, operator; a string without quotes and escapes
  Integer integer = 0;
  double real = 0;
  size_t offset = 0;  // in the source
};

// Cuts a template into tokens, the last of which is kEnd. White space is controlled as with jinja2's trim_blocks and lstrip_blocks, and
// by - and + in the tags; comments are gone and {% raw %} has become data. Errors are TemplateErrors.
std::vector<Token> Lex(const Source& source);

}  // namespace temper::jinja
