#include "reward/spec/pattern_scanner.h"

#include <algorithm>
#include <map>
#include <utility>

#include "cluster/base/error.h"

namespace temper {
namespace {

bool IsHigh(unsigned char c) { return c >= kFirstHighByte; }
// What may end a line, by any of the conventions for that.
bool EndsLine(unsigned char c) { return (c >= '\n' && c <= '\r') || IsHigh(c); }

}  // namespace

PatternScanner::PatternScanner(std::span<const PatternTree> patterns) {
  TEMPER_CHECK(patterns.size() <= kMaxPatterns, patterns.size(), " patterns for one scanner");
  for (uint32_t i = 0; i < patterns.size(); ++i) {
    const uint32_t end = Add({.kind = Kind::kEnd, .other = i});
    starts_.push_back(AddTree(patterns[i], end));
  }
  seen_.resize(nodes_.size());
  FindClasses();
  from_start_.resize(kNumBefore * width_);
  Forget();
}

uint32_t PatternScanner::Add(const Node& node) {
  nodes_.push_back(node);
  return static_cast<uint32_t>(nodes_.size() - 1);
}

// A set with bytes beyond ASCII reads one byte of ASCII, or any run of the others.
uint32_t PatternScanner::AddBytes(const ByteSet& bytes, uint32_t next) {
  const auto index = [this](const ByteSet& set) {
    const auto known = std::find(sets_.begin(), sets_.end(), set);
    if (known != sets_.end()) return static_cast<uint32_t>(known - sets_.begin());
    sets_.push_back(set);
    return static_cast<uint32_t>(sets_.size() - 1);
  };
  if (!bytes[kFirstHighByte]) return Add({.kind = Kind::kBytes, .next = next, .bytes = index(bytes)});
  ByteSet high, ascii;
  for (size_t c = 0; c < 256; ++c) (IsHigh(static_cast<unsigned char>(c)) ? high : ascii)[c] = bytes[c];
  const uint32_t run = Add({.kind = Kind::kBytes, .bytes = index(high)});
  nodes_[run].next = Add({.kind = Kind::kSplit, .next = run, .other = next});
  if (ascii.none()) return run;
  return Add({.kind = Kind::kSplit, .next = Add({.kind = Kind::kBytes, .next = next, .bytes = index(ascii)}), .other = run});
}

// Adds the nodes of a tree, from its end to its begin, and returns the first.
uint32_t PatternScanner::AddTree(const PatternTree& tree, uint32_t next) {
  switch (tree.kind) {
    case PatternTree::Kind::kBytes:
      return AddBytes(tree.bytes, next);
    case PatternTree::Kind::kAssertion:
      return Add({.kind = Kind::kAssertion, .assertion = tree.assertion, .next = next});
    case PatternTree::Kind::kRepetition:
      return AddRepetition(tree, next);
    case PatternTree::Kind::kSequence:
      for (auto child = tree.children.rbegin(); child != tree.children.rend(); ++child) next = AddTree(*child, next);
      return next;
    case PatternTree::Kind::kAlternatives:
      break;
  }
  uint32_t first = AddTree(tree.children.back(), next);
  for (size_t i = tree.children.size() - 1; i-- > 0;)
    first = Add({.kind = Kind::kSplit, .next = AddTree(tree.children[i], next), .other = first});
  return first;
}

uint32_t PatternScanner::AddRepetition(const PatternTree& tree, uint32_t next) {
  const PatternTree& child = tree.children.front();
  uint32_t first = next;
  if (tree.most == PatternTree::kNoLimit) {
    first = Add({.kind = Kind::kSplit, .other = next});
    const uint32_t body = AddTree(child, first);
    nodes_[first].next = body;
  }
  for (int i = tree.least; i < tree.most; ++i) first = Add({.kind = Kind::kSplit, .next = AddTree(child, first), .other = next});
  for (int i = 0; i < tree.least; ++i) first = AddTree(child, first);
  return first;
}

void PatternScanner::FindClasses() {
  ByteSet words, ends;
  for (size_t c = 0; c < 256; ++c) {
    words[c] = IsPatternWord(static_cast<unsigned char>(c));
    ends[c] = EndsLine(static_cast<unsigned char>(c));
  }
  std::vector<ByteSet> sets = sets_;
  sets.insert(sets.end(), {words, ends});
  std::map<std::vector<bool>, uint8_t> known;
  for (size_t c = 0; c < 256; ++c) {
    std::vector<bool> member;
    for (const ByteSet& set : sets) member.push_back(set[c]);
    const auto [place, added] = known.emplace(std::move(member), static_cast<uint8_t>(known.size()));
    if (added) example_of_.push_back(static_cast<unsigned char>(c));
    classes_[c] = place->second;
  }
  width_ = example_of_.size() + 1;
}

PatternScanner::Before PatternScanner::BeforeOf(unsigned char c) { return IsPatternWord(c) ? kWord : EndsLine(c) ? kLineStart : kOther; }

bool PatternScanner::Holds(Assertion assertion, Before before, size_t next_class) const {
  const bool ended = next_class == example_of_.size();
  const bool word = !ended && IsPatternWord(example_of_[next_class]);
  switch (assertion) {
    case Assertion::kWordBoundary:
      return (before == kWord) != word;
    case Assertion::kNoWordBoundary:
      return (before == kWord) == word;
    case Assertion::kLineStart:
      return before == kLineStart;
    case Assertion::kLineEnd:
      return ended || EndsLine(example_of_[next_class]);
  }
  return true;
}

// Adds to *step where the byte leads to from the node, and from those that are reached from it without a byte.
void PatternScanner::Follow(uint32_t node, Before before, size_t next_class, Step* step) {
  std::vector<uint32_t> open = {node};
  while (!open.empty()) {
    const uint32_t at = open.back();
    open.pop_back();
    if (std::exchange(seen_[at], walk_) == walk_) continue;
    const Node& each = nodes_[at];
    if (each.kind == Kind::kEnd) step->ends |= uint64_t{1} << each.other;
    if (each.kind == Kind::kSplit) open.insert(open.end(), {each.other, each.next});
    if (each.kind == Kind::kAssertion && Holds(each.assertion, before, next_class)) open.push_back(each.next);
    if (each.kind == Kind::kBytes && next_class < example_of_.size() && sets_[each.bytes][example_of_[next_class]])
      step->nodes.push_back(each.next);
  }
}

// The step of matches that begin here.
const PatternScanner::Step& PatternScanner::FromStart(Before before, size_t next_class) {
  Step& step = from_start_[before * width_ + next_class];
  if (step.known) return step;
  ++walk_;
  for (const uint32_t start : starts_) Follow(start, before, next_class, &step);
  step.known = true;
  return step;
}

uint32_t PatternScanner::StateOf(std::vector<uint32_t> nodes, Before before, uint64_t ends) {
  std::u32string key = {static_cast<char32_t>(before), static_cast<char32_t>(ends >> 32), static_cast<char32_t>(ends)};
  key.append(nodes.begin(), nodes.end());
  const auto [place, added] = known_.emplace(std::move(key), static_cast<uint32_t>(states_.size() * width_));
  if (!added) return place->second;
  states_.push_back({std::move(nodes), before, ends});
  next_.resize(states_.size() * width_, kAsk);
  return place->second;
}

// The state behind a byte of the class, as it stands in next_.
uint32_t PatternScanner::Make(uint32_t from, size_t next_class) {
  const Step& start = FromStart(states_[from / width_].before, next_class);
  const State& state = states_[from / width_];
  Step step;
  ++walk_;
  for (const uint32_t node : state.nodes) Follow(node, state.before, next_class, &step);
  step.nodes.insert(step.nodes.end(), start.nodes.begin(), start.nodes.end());
  std::sort(step.nodes.begin(), step.nodes.end());
  step.nodes.erase(std::unique(step.nodes.begin(), step.nodes.end()), step.nodes.end());
  const Before before = next_class < example_of_.size() ? BeforeOf(example_of_[next_class]) : kOther;
  const uint64_t ends = step.ends | start.ends;
  const uint32_t to = StateOf(std::move(step.nodes), before, ends);
  return next_[from + next_class] = ends != 0 ? to | kAsk : to;
}

void PatternScanner::Forget() {
  states_.clear();
  known_.clear();
  next_.clear();
  for (int before = 0; before < kNumBefore; ++before) StateOf({}, static_cast<Before>(before), 0);
}

uint64_t PatternScanner::MayMatch(std::string_view text) {
  const uint64_t all = starts_.size() == kMaxPatterns ? ~uint64_t{0} : (uint64_t{1} << starts_.size()) - 1;
  uint64_t found = 0;
  auto at = static_cast<uint32_t>(kLineStart * width_);
  for (size_t i = 0; i <= text.size(); ++i) {
    const size_t next_class = i < text.size() ? classes_[static_cast<unsigned char>(text[i])] : width_ - 1;
    uint32_t next = next_[at + next_class];
    if ((next & kAsk) != 0) {
      if (next == kAsk) next = Make(at, next_class);
      if (next_.size() > kMaxEntries) return Forget(), all;
      if ((next & kAsk) != 0) found |= states_[(next & ~kAsk) / width_].ends;
    }
    at = next & ~kAsk;
  }
  return found;
}

size_t PatternScanner::FirstPlace(std::string_view text, size_t from) {
  auto at = static_cast<uint32_t>((from == 0 ? kLineStart : BeforeOf(static_cast<unsigned char>(text[from - 1]))) * width_);
  size_t place = from;
  for (size_t i = from; i <= text.size(); ++i) {
    if (at < kNumBefore * width_) place = i;
    const size_t next_class = i < text.size() ? classes_[static_cast<unsigned char>(text[i])] : width_ - 1;
    uint32_t next = next_[at + next_class];
    if (next == kAsk) next = Make(at, next_class);
    if (next_.size() > kMaxEntries) return Forget(), from;
    if ((next & kAsk) != 0) {
      while (place > from && place < text.size() && (static_cast<unsigned char>(text[place]) & 0xC0) == 0x80) --place;
      return place;
    }
    at = next;
  }
  return kNowhere;
}

}  // namespace temper
