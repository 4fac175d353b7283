#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/base/keyed_random.h"
#include "cluster/base/registry.h"
#include "cluster/config/fields.h"

namespace temper {

// A message of a conversation.
struct ChatTurn {
  std::string role;  // user | assistant
  std::string text;
};

// A request said otherwise.
struct Rewrite {
  std::string text;                // what is asked, or the last message of it; never empty
  std::vector<ChatTurn> before{};  // the messages before it; empty = the text alone
};

struct RewriteRequest {
  std::string text;
  uint64_t key = 0;  // of the random choice among wordings
};

// Says requests otherwise; what they are meant for stays as it is. The same request gives the same rewrite.
class PromptTransform {
 public:
  virtual ~PromptTransform() = default;
  // In the order of the requests; nothing where this transform has nothing to say of one. Throws ConfigError where it fails.
  virtual std::vector<std::optional<Rewrite>> Apply(const std::vector<RewriteRequest>& requests) = 0;
};

// The keys of one type, and the files they name.
class TransformOptions {
 public:
  virtual ~TransformOptions() = default;
  virtual void Describe(ConfigFields& fields) = 0;
  // Throws ConfigError for a file that is missing or damaged.
  virtual std::unique_ptr<PromptTransform> Make() const = 0;
  virtual std::vector<std::string> Files() const { return {}; }
};

// A way to rewrite: one file, and one line in transforms.inc.
struct TransformType {
  const char* name;  // of data.transforms[].name and temper attack --transform: letters, digits and '_'
  const char* help;
  std::unique_ptr<TransformOptions> (*options)();  // with their defaults
};
const Registry<TransformType>& TransformTypes();

// A transform that needs nothing but the text and random numbers. Text: valid UTF-8, not blank.
using TextRule = std::optional<Rewrite> (*)(std::string_view text, KeyedStream* stream);
std::unique_ptr<TransformOptions> OptionsOfRule(TextRule rule);
template <TextRule rule>
std::unique_ptr<TransformOptions> RuleOptions() {
  return OptionsOfRule(rule);
}

}  // namespace temper
