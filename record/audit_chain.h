#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace temper {

// The hash chain of audit.jsonl. Each line ends with its link: {..., "chain": SHA-256 of the link
// before and of the line without its own}. A changed, dropped, added or moved line needs new links
// for all lines after it, and the last link is what a signed manifest names
// (record/audit_manifest.h).
class AuditChain {
 public:
  // As after a line with this link; "" = before the first line.
  explicit AuditChain(std::string link = "");
  // The object, one line of JSON, with its link. Throws Error for what is no object.
  std::string Append(std::string_view object);
  // Whether the line is the next one; the chain then stands after it. Otherwise it stands after the line's own link, so that one break is
  // found once, and *problem says what is wrong.
  bool Check(std::string_view line, std::string* problem);
  const std::string& link() const { return link_; }  // of the last line

 private:
  std::string link_;
};

}  // namespace temper
