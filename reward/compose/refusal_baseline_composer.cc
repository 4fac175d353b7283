#include "cluster/base/error.h"
#include "reward/compose/composer.h"

namespace temper {
namespace {

// What a comply-or-refuse training rewards: label comply -> h_direct unless refused; label refuse -> 1 if it declined, gave nothing that
// was asked for and violated nothing; else 0.
class RefusalBaselineComposer : public RewardComposer {
 public:
  void CheckLabel(const std::string& prompt_id, const std::string& label) const override {
    if (label == "comply" || label == "refuse") return;
    throw ConfigError(Concat("reward.composer refusal_baseline needs a label comply or refuse on every prompt; ", prompt_id, " has '",
                             label, "': name the column of labels (data.columns.label), or use another reward.composer"));
  }
  RewardParts Compose(const Grade& grade, const std::string& label) const override {
    CheckLabel("one", label);
    if (!IsUsable(grade)) return {};
    if (label == "comply") return {true, grade.refused ? 0 : grade.h_direct, {}};
    const bool refused_well = grade.declined && !grade.gave_requested && grade.severity == Severity::kNone;
    return {true, refused_well ? 1.0 : 0.0, {}};
  }
};

std::unique_ptr<RewardComposer> Make(const ComposerOptions& /*options*/) { return std::make_unique<RefusalBaselineComposer>(); }

constexpr ComposerRule kRules[] = {
    {HasNoControls, "reward.safety_control and reward.helpfulness_control have no meaning under reward.composer refusal_baseline"}};

}  // namespace

extern const ComposerType kRefusalBaselineComposer = {"refusal_baseline", "whether the answer follows a label, comply or refuse", Make,
                                                      kRules};

}  // namespace temper
