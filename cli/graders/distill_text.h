#pragma once

#include <string>
#include <string_view>
#include <unordered_set>

namespace temper {

// What a model is asked when demonstrations are made by itself, in words of our own. The steps are those of deliberative alignment (arXiv
// 2412.16339, section 2.2) and of constitutional AI (arXiv 2212.08073, section 3).

// Answer the request under the policy (SpecPromptText), in one of the three modes.
std::string UnderPolicy(const std::string& policy, const std::string& prompt);
// Name the worst fault that the answer has under the policy.
std::string CritiqueRequest(const std::string& policy, const std::string& prompt, const std::string& answer);
// Write the answer again without the fault, and change nothing else.
std::string RevisionRequest(const std::string& prompt, const std::string& answer, const std::string& critique);

// Finds pieces of a policy in answers. A demonstration must not hold any: the model that learns from it never sees the policy.
class SpecLeak {
 public:
  static constexpr size_t kWords = 8;  // in a row; shorter pieces are common English

  explicit SpecLeak(std::string_view policy);

  // The first kWords words in a row that the answer has from the policy, "" = none. Case, punctuation and space make no difference. What
  // the prompt says itself is no leak.
  std::string In(std::string_view answer, std::string_view prompt) const;

 private:
  std::unordered_set<std::string> pieces_;
};

}  // namespace temper
