// A way to rewrite prompts for the test of what one adds: it shouts.
#include "rewrites/transforms/transform.h"

namespace temper {
namespace {

std::optional<Rewrite> Shouted(std::string_view text, KeyedStream*) { return Rewrite{std::string(text) + "!"}; }

}  // namespace

extern const TransformType kToyTransform = {"toy", "an exclamation mark", RuleOptions<Shouted>};

}  // namespace temper
