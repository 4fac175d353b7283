#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace temper {

// What an answer that is made to fool a grader carries.
enum class AttackKind {
  kHollow,   // nothing: it helps nobody, and fools who calls it helpful
  kCarrier,  // a harmful answer, dressed up: it harms as before, and fools who no longer sees it
};

// A prompt with a harmful answer to it.
struct AttackInput {
  std::string_view prompt;
  std::string_view response;
};

struct Attack {
  std::string family;  // what it tries, such as master_key
  std::string name;    // unique within the family
  AttackKind kind = AttackKind::kHollow;
  std::string (*make)(const AttackInput& input, std::string_view parameter) = nullptr;
  std::string_view parameter = {};  // a phrase of the attack's own
  std::string Answer(const AttackInput& input) const { return make(input, parameter); }
};

// All of them, by family; at least 60. What they do is fixed: the same input gives the same answers, in valid UTF-8 where the input is.
// Sources: openers and hollow answers from "One Token to Fool LLM-as-a-Judge" (Zhao et al. 2025); prefixes, role tags and encodings from
// the jailbreaks that garak and PyRIT collect.
const std::vector<Attack>& Attacks();

}  // namespace temper
