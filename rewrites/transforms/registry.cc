// The registry of transforms, from the lines of transforms.inc.
#include "rewrites/transforms/transform.h"

namespace temper {

#define TEMPER_ENTRY(name) extern const TransformType name;
#include "rewrites/transforms/transforms.inc"
#undef TEMPER_ENTRY

const Registry<TransformType>& TransformTypes() {
#define TEMPER_ENTRY(name) &(name),
  static const Registry<TransformType> kTypes("transform", {
#include "rewrites/transforms/transforms.inc"
                                                           });
#undef TEMPER_ENTRY
  return kTypes;
}

namespace {

class RuleTransform : public PromptTransform {
 public:
  explicit RuleTransform(TextRule rule) : rule_(rule) {}
  std::vector<std::optional<Rewrite>> Apply(const std::vector<RewriteRequest>& requests) override {
    std::vector<std::optional<Rewrite>> rewrites;
    for (const RewriteRequest& request : requests) {
      KeyedStream stream(request.key, "rewrite", KeyOf(request.text));
      const bool blank = request.text.find_first_not_of(" \t\r\n") == std::string::npos;
      rewrites.push_back(blank ? std::nullopt : rule_(request.text, &stream));
    }
    return rewrites;
  }

 private:
  TextRule rule_;
};

class RuleTransformOptions : public TransformOptions {
 public:
  explicit RuleTransformOptions(TextRule rule) : rule_(rule) {}
  void Describe(ConfigFields&) override {}
  std::unique_ptr<PromptTransform> Make() const override { return std::make_unique<RuleTransform>(rule_); }

 private:
  TextRule rule_;
};

}  // namespace

std::unique_ptr<TransformOptions> OptionsOfRule(TextRule rule) { return std::make_unique<RuleTransformOptions>(rule); }

}  // namespace temper
