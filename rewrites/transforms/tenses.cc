// past, future, third_person: English requests by the rules of rewrites/text/tense.h.
#include "rewrites/text/tense.h"
#include "rewrites/transforms/transform.h"

namespace temper {
namespace {

std::optional<Rewrite> Plain(std::string_view text, KeyedStream*) { return Rewrite{std::string(text)}; }
std::optional<Rewrite> Past(std::string_view text, KeyedStream* stream) { return Rewrite{InTense(text, Tense::kPast, stream)}; }
std::optional<Rewrite> Future(std::string_view text, KeyedStream* stream) { return Rewrite{InTense(text, Tense::kFuture, stream)}; }
std::optional<Rewrite> Third(std::string_view text, KeyedStream* stream) { return Rewrite{AsThirdPerson(text, stream)}; }

}  // namespace

extern const TransformType kPlainTransform = {"plain", "the request as it is: the control of an attack", RuleOptions<Plain>};
extern const TransformType kPastTransform = {"past", "an English request in the past tense", RuleOptions<Past>};
extern const TransformType kFutureTransform = {"future", "an English request in the future tense", RuleOptions<Future>};
extern const TransformType kThirdPersonTransform = {"third_person", "an English request as that of somebody else", RuleOptions<Third>};

}  // namespace temper
