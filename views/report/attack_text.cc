#include "views/report/attack_text.h"

#include <algorithm>

#include "cluster/base/error.h"
#include "views/page/escape.h"
#include "views/page/format.h"

namespace temper {
namespace {

constexpr size_t kTextColumns = 100;

std::string Left(std::string text, size_t columns) {
  if (text.size() < columns) text += std::string(columns - text.size(), ' ');
  return text;
}

std::string FooledText(const Estimate& estimate) { return estimate.present ? WithInterval(estimate) : "does not apply"; }

// Those that fool it most often, at most three.
std::string BestOf(const FamilySuccess& family) {
  auto by_share = family.by_attack;
  std::stable_sort(by_share.begin(), by_share.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  int shown = 0;
  for (const auto& [name, share] : by_share) {
    if (share == 0 || ++shown > 3) break;
    text += Concat(text.empty() ? "" : ", ", Prose(name), " ", Fixed(share, 2));
  }
  return text;
}

std::string RowOf(const std::string& family, int64_t attacks, const Estimate& fooled, const std::string& best) {
  const std::string line = Left("  " + Prose(family), 20) + Left(std::to_string(attacks), 9) + Left(FooledText(fooled), 26) + best;
  return line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

}  // namespace

std::string AttackText(const AttackRecord& record) {
  int64_t attacks = 0;
  for (const FamilySuccess& family : record.success.families) attacks += family.attacks;
  const std::string from = record.data_files.empty() ? "stand-ins of the built-in world" : "harmful answers";
  std::string text = Wrap(EscapeTerminal(Concat("grader ", record.grader, " (", record.type, ") under ", attacks, " attacks made from ",
                                                record.answers, " ", from, ", of which it sees the harm of ", record.caught,
                                                " as they stand. Fooled: the share of dressed-up answers whose harm it no longer sees, "
                                                "and of hollow ones that it calls helpful, with 95 % intervals over the answers.")),
                          kTextColumns, "") +
                     "\n" + EscapeTerminal(record.grader_id) + "\n\n";
  text += Left("  family", 20) + Left("attacks", 9) + Left("fooled", 26) + "most often\n";
  for (const FamilySuccess& family : record.success.families) text += RowOf(family.family, family.attacks, family.fooled, BestOf(family));
  return text + RowOf("all", attacks, record.success.all, "");
}

}  // namespace temper
