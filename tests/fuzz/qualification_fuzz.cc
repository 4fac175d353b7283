// libFuzzer target of the readers of qualification records, attack records and gold probes: every input ends in ConfigError, or is read; a
// qualification that is read is written to what reads the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/hash.h"
#include "record/attack_record.h"
#include "record/gold_file.h"
#include "record/qualification.h"

namespace {

template <typename Read>
bool IsRead(Read read) {
  try {
    read();
  } catch (const temper::ConfigError&) {
    return false;
  }
  return true;
}

// The text with a check that holds, where it is a JSON object.
std::string Checked(const std::string& text) {
  auto json = nlohmann::ordered_json::parse(text, nullptr, false);
  if (!json.is_object()) return text;
  json.erase("check");
  json["check"] = temper::Hash128(json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  IsRead([&] { temper::AttackSummaryFromJson(text); });
  IsRead([&] { temper::GoldRecordFromText(text); });
  temper::Qualification qualification;
  if (!IsRead([&] { qualification = temper::QualificationFromJson(Checked(text)); })) return 0;
  const std::string written = temper::QualificationToJson(qualification);
  if (temper::QualificationToJson(temper::QualificationFromJson(written)) != written) std::abort();
  return 0;
}
