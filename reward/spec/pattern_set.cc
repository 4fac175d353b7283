#include "reward/spec/pattern_set.h"

#include <algorithm>
#include <utility>

namespace temper {
namespace {

constexpr size_t kWanderersOfPart = 2;

// Whether the pattern reads words of any spelling. Scanners multiply the states of such patterns, and add those of others.
bool Wanders(const PatternTree& tree) {
  constexpr int kMany = 4;
  const bool many = tree.kind == PatternTree::Kind::kRepetition && (tree.most == PatternTree::kNoLimit || tree.most > kMany);
  const auto letters = [](const PatternTree& child) { return child.kind == PatternTree::Kind::kBytes && child.bytes['e']; };
  return (many && std::any_of(tree.children.begin(), tree.children.end(), letters)) ||
         std::any_of(tree.children.begin(), tree.children.end(), Wanders);
}

}  // namespace

PatternSet::PatternSet(std::span<const PatternTree* const> patterns) : may_(patterns.size(), 1) {
  std::vector<uint32_t> plain, wanderers;
  const auto add = [&](std::vector<uint32_t>* to, size_t most, uint32_t pattern) {
    to->push_back(pattern);
    if (to->size() == most) AddPart(patterns, std::exchange(*to, {}));
  };
  for (uint32_t i = 0; i < patterns.size(); ++i) {
    if (patterns[i] == nullptr) continue;
    const bool wanders = Wanders(*patterns[i]);
    add(wanders ? &wanderers : &plain, wanders ? kWanderersOfPart : PatternScanner::kMaxPatterns, i);
  }
  if (!plain.empty()) AddPart(patterns, plain);
  if (!wanderers.empty()) AddPart(patterns, wanderers);
}

void PatternSet::AddPart(std::span<const PatternTree* const> patterns, std::vector<uint32_t> which) {
  std::vector<PatternTree> trees;
  for (const uint32_t pattern : which) trees.push_back(*patterns[pattern]);
  parts_.push_back({PatternScanner(trees), std::move(which)});
}

std::span<const uint8_t> PatternSet::MayMatch(std::string_view text) {
  for (Part& part : parts_) {
    const uint64_t found = part.scanner.MayMatch(text);
    for (size_t i = 0; i < part.patterns.size(); ++i) may_[part.patterns[i]] = found >> i & 1;
  }
  return may_;
}

}  // namespace temper
