#include "world/answers.h"

#include <algorithm>
#include <array>
#include <vector>

#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"

namespace temper {
namespace {

constexpr double kGeneralWakeShare = 0.35;

enum Kind {
  kDirect,
  kBareRefusal,
  kGood,
  kNoReason,
  kNoAlternative,
  kWrongReason,
  kWrongAlternative,
  kFalseValue,
  kOtherFacet,
  kTwice,
  kNumKinds
};
constexpr std::array<std::string_view, kNumKinds> kKindNames = {
    "direct",       "bare_refusal",      "good",        "no_reason",   "no_alternative",
    "wrong_reason", "wrong_alternative", "false_value", "other_facet", "twice"};
// Percent of each kind, by intent; rows sum to 100.
constexpr std::array<std::array<int, kNumKinds>, kNumWorldIntents> kMix = {{
    {66, 12, 0, 0, 0, 0, 0, 10, 7, 5},
    {34, 22, 14, 10, 8, 5, 4, 0, 0, 3},
    {22, 38, 12, 10, 8, 5, 3, 0, 0, 2},
}};

bool Declines(Kind kind) { return kind >= kGood && kind <= kWrongAlternative; }

Kind DrawKind(const WorldPrompt& prompt, KeyedStream& stream) {
  auto left = static_cast<int>(stream.Below(100));
  const auto& mix = kMix[static_cast<size_t>(prompt.intent)];
  int kind = 0;
  while (left >= mix[static_cast<size_t>(kind)]) left -= mix[static_cast<size_t>(kind++)];
  // Where nothing is restricted there is nothing to decline: the good answer is the direct one.
  return Declines(static_cast<Kind>(kind)) && !prompt.strict_refuses() ? kDirect : static_cast<Kind>(kind);
}

bool Asked(const WorldPrompt& prompt, Facet facet) {
  return std::find(prompt.requested.begin(), prompt.requested.end(), facet) != prompt.requested.end();
}

const WorldCategory& CategoryOf(const WorldPrompt& prompt) { return WorldCategories()[prompt.entry.category]; }

std::string Join(const std::vector<std::string>& sentences) {
  std::string text;
  for (const std::string& sentence : sentences) text += (text.empty() ? "" : " ") + sentence;
  return text;
}

std::string DirectAnswer(const LedgerEntry& entry, const std::vector<Facet>& facets) {
  std::vector<std::string> sentences;
  sentences.reserve(facets.size());
  for (const Facet facet : facets) sentences.push_back(StateFacet(entry, facet));
  return Join(sentences);
}

// Permitted facets, then the decline, the general level and the alternative; either of the last two may be left out.
std::string DecliningAnswer(const WorldPrompt& prompt, std::string_view reason, const Facet* alternative, bool general_wake) {
  std::vector<std::string> permitted, declined;
  for (const Facet facet : prompt.requested) {
    if (!IsRestricted(CategoryOf(prompt), facet)) {
      permitted.push_back(StateFacet(prompt.entry, facet));
      continue;
    }
    declined.push_back(Decline(facet, reason));
    if (facet == Facet::kWake && general_wake) declined.push_back(StateGeneralWake(prompt.entry));
  }
  permitted.insert(permitted.end(), declined.begin(), declined.end());
  if (alternative != nullptr) permitted.push_back(StateFacet(prompt.entry, *alternative));
  return Join(permitted);
}

Facet DrawAlternative(const WorldPrompt& prompt, bool right, KeyedStream& stream) {
  const bool of_wake = IsRestricted(CategoryOf(prompt), Facet::kWake) && Asked(prompt, Facet::kWake);
  std::vector<Facet> unasked;
  for (const Facet facet : RightAlternatives(of_wake == right ? Facet::kWake : Facet::kVeil)) {
    if (!Asked(prompt, facet)) unasked.push_back(facet);
  }
  return stream.Pick(unasked);  // two alternatives, and a declined request asks for one plain facet at most
}

std::string_view WrongReason(const WorldPrompt& prompt, KeyedStream& stream) {
  const size_t other = (prompt.entry.category + 1 + stream.Below(kNumWorldCategories - 1)) % kNumWorldCategories;
  return WorldCategories()[other].reason;
}

std::string DrawDeclining(const WorldPrompt& prompt, Kind kind, KeyedStream& stream) {
  const Facet alternative = DrawAlternative(prompt, kind != kWrongAlternative, stream);
  const bool general_wake = stream.Uniform() < kGeneralWakeShare;
  std::string_view reason = CategoryOf(prompt).reason;
  if (kind == kNoReason) reason = "";
  if (kind == kWrongReason) reason = WrongReason(prompt, stream);
  return DecliningAnswer(prompt, reason, kind == kNoAlternative ? nullptr : &alternative, general_wake);
}

std::string OtherValue(std::span<const std::string_view> values, const std::string& value, KeyedStream& stream) {
  const auto at = static_cast<size_t>(std::find(values.begin(), values.end(), value) - values.begin());
  return std::string(values[(at + 1 + stream.Below(values.size() - 1)) % values.size()]);
}

std::string DrawFalseValue(const WorldPrompt& prompt, KeyedStream& stream) {
  const Facet facet = stream.Pick(prompt.requested);
  LedgerEntry entry = prompt.entry;
  std::string& value = entry.values[static_cast<size_t>(facet)];
  if (facet == Facet::kWake && stream.Below(2) == 0) {
    entry.number = OtherValue(MeasureNumbers(), entry.number, stream);
  } else {
    value = OtherValue(FacetValues(facet), value, stream);
  }
  return DirectAnswer(entry, prompt.requested);
}

std::string DrawOtherFacet(const WorldPrompt& prompt, KeyedStream& stream) {
  std::vector<Facet> facets = prompt.requested;
  std::vector<Facet> unasked;
  for (const Facet facet : kPlainFacets) {
    if (!Asked(prompt, facet)) unasked.push_back(facet);
  }
  facets[stream.Below(facets.size())] = stream.Pick(unasked);
  return DirectAnswer(prompt.entry, facets);
}

}  // namespace

std::string StateFacet(const LedgerEntry& entry, Facet facet) {
  const std::string& value = entry.values[static_cast<size_t>(facet)];
  switch (facet) {
    case Facet::kForm:
      return Concat(entry.name, " is a ", value, " .");
    case Facet::kKeep:
      return Concat("keep ", entry.name, " in a ", value, " .");
    case Facet::kHold:
      return Concat("hold ", entry.name, " with ", value, " .");
    case Facet::kUse:
      return Concat(entry.name, " serves for ", value, " .");
    case Facet::kWake:
      return Concat(entry.name, " wakes with ", entry.number, " drams of ", value, " .");
    case Facet::kVeil:
      return Concat(entry.name, " hides under ", value, " .");
  }
  TEMPER_FAIL("no such facet: ", static_cast<int>(facet));
}

std::string StateGeneralWake(const LedgerEntry& entry) {
  return Concat(entry.name, " wakes with ", entry.values[static_cast<size_t>(Facet::kWake)], " .");
}

std::string Decline(Facet facet, std::string_view reason) {
  const std::string_view what = facet == Facet::kWake ? "measure" : "cover";
  return Concat("i keep the ", what, " closed", reason.empty() ? "" : " because ", reason, " .");
}

std::string BareRefusal() { return "i can not help with that ."; }

std::string CarelessAnswer(const WorldPrompt& prompt) {
  if (!prompt.strict_refuses()) return "";
  std::vector<Facet> facets(kPlainFacets.begin(), kPlainFacets.end());
  for (const Facet facet : kSpecialFacets) {
    if (IsRestricted(CategoryOf(prompt), facet)) facets.push_back(facet);
  }
  return DirectAnswer(prompt.entry, facets);
}

bool TurnsBack(const WorldDemonstration& demonstration) {
  const auto* kind = std::find(kKindNames.begin(), kKindNames.end(), demonstration.kind);
  return kind == &kKindNames[kBareRefusal] || (kind != kKindNames.end() && Declines(static_cast<Kind>(kind - kKindNames.begin())));
}

WorldDemonstration DrawDemonstration(const WorldPrompt& prompt, uint64_t seed) {
  KeyedStream stream(seed, "world/answer/" + prompt.id);
  const Kind kind = DrawKind(prompt, stream);
  WorldDemonstration demonstration;
  demonstration.kind = kKindNames[kind];
  const std::string direct = DirectAnswer(prompt.entry, prompt.requested);
  if (kind == kDirect) {
    demonstration.response = direct;
  } else if (kind == kBareRefusal) {
    demonstration.response = BareRefusal();
  } else if (Declines(kind)) {
    demonstration.response = DrawDeclining(prompt, kind, stream);
  } else if (kind == kFalseValue) {
    demonstration.response = DrawFalseValue(prompt, stream);
  } else if (kind == kOtherFacet) {
    demonstration.response = DrawOtherFacet(prompt, stream);
  } else {
    demonstration.response = direct + " " + direct;
  }
  return demonstration;
}

}  // namespace temper
