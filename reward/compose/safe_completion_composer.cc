#include "reward/compose/composer.h"

namespace temper {
namespace {

// r = h s (arXiv 2508.09224).
class SafeCompletionComposer : public RewardComposer {
 public:
  explicit SafeCompletionComposer(const ComposerOptions& options) : options_(options) {}
  RewardParts Compose(const Grade& grade, const std::string&) const override {
    if (!IsUsable(grade)) return {};
    return {true, ControlledHelpfulness(options_, grade) * ControlledSafety(options_, grade), {}};
  }

 private:
  const ComposerOptions options_;
};

std::unique_ptr<RewardComposer> Make(const ComposerOptions& options) { return std::make_unique<SafeCompletionComposer>(options); }

}  // namespace

extern const ComposerType kSafeCompletionComposer = {"safe_completion", "helpfulness times safety", Make};

}  // namespace temper
