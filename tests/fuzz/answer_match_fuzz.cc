// libFuzzer target of verifiable answers: whatever a model and a row write, an answer is right or not, and a response agrees with itself.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "reward/answers/answer_match.h"
#include "reward/answers/number.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const size_t half = text.find('\0');
  const std::string response = text.substr(0, half), reference = half == std::string::npos ? text : text.substr(half + 1);
  for (const temper::AnswerForm form :
       {temper::AnswerForm::kGsm8k, temper::AnswerForm::kNumeric, temper::AnswerForm::kBoxed, temper::AnswerForm::kExact})
    temper::AnswerCheck({.form = form, .pattern = ""}).IsRight(response, reference);
  temper::PlainMath(reference);
  if (const auto number = temper::ReadNumber(response)) {
    if (!std::isfinite(number->value)) std::abort();
    if (!temper::SameNumber(*number, *number, 0, 0)) std::abort();
  }
  return 0;
}
