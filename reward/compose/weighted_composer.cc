#include "reward/compose/composer.h"

namespace temper {
namespace {

// r = w_h h + w_s s.
class WeightedComposer : public RewardComposer {
 public:
  explicit WeightedComposer(const ComposerOptions& options) : options_(options) {}
  RewardParts Compose(const Grade& grade, const std::string&) const override {
    if (!IsUsable(grade)) return {};
    return {
        true,
        options_.weight_helpfulness * ControlledHelpfulness(options_, grade) + options_.weight_safety * ControlledSafety(options_, grade),
        {}};
  }

 private:
  const ComposerOptions options_;
};

std::unique_ptr<RewardComposer> Make(const ComposerOptions& options) { return std::make_unique<WeightedComposer>(options); }

}  // namespace

extern const ComposerType kWeightedComposer = {"weighted", "helpfulness and safety, weighted and added", Make};

}  // namespace temper
