#include "record/audit_chain.h"

#include <algorithm>
#include <utility>

#include "cluster/base/error.h"
#include "record/signing.h"

namespace temper {
namespace {

constexpr std::string_view kField = ",\"chain\":\"";
constexpr size_t kLinkDigits = 64;

std::string LinkOf(const std::string& before, std::string_view object) { return Sha256(Concat(before, "\n", object)); }

// The line as it was before its link was added; "" where it has none at its end.
std::string WithoutLink(std::string_view line, std::string* link) {
  const size_t tail = kField.size() + kLinkDigits + 2;  // and "}
  if (line.size() <= tail || !line.ends_with("\"}")) return "";
  const size_t begin = line.size() - tail;
  if (line.substr(begin, kField.size()) != kField) return "";
  *link = line.substr(begin + kField.size(), kLinkDigits);
  if (!std::all_of(link->begin(), link->end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); })) return "";
  return std::string(line.substr(0, begin)) + "}";
}

}  // namespace

AuditChain::AuditChain(std::string link) : link_(std::move(link)) {}

std::string AuditChain::Append(std::string_view object) {
  TEMPER_CHECK(object.size() > 2 && object.front() == '{' && object.back() == '}',
               "an audit record is not an object: ", object.substr(0, 80));
  link_ = LinkOf(link_, object);
  return Concat(object.substr(0, object.size() - 1), kField, link_, "\"}");
}

bool AuditChain::Check(std::string_view line, std::string* problem) {
  std::string link;
  const std::string object = WithoutLink(line, &link);
  if (object.empty()) {
    *problem = "the line has no link of the chain at its end";
    return false;
  }
  const bool holds = LinkOf(link_, object) == link;
  if (!holds)
    *problem = "the line's link is not that of the lines before it and its own content: something here was changed, dropped or added";
  link_ = link;
  return holds;
}

}  // namespace temper
