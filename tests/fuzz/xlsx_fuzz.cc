// libFuzzer target of XLSX workbooks: every input ends in ConfigError, or is rows of at most kMaxXlsxColumns cells.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "cluster/base/error.h"
#include "rollout/data/xlsx.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    for (const auto& row : temper::ReadXlsx({reinterpret_cast<const char*>(data), size}))
      if (row.size() > temper::kMaxXlsxColumns) std::abort();
  } catch (const temper::ConfigError&) {
  }
  return 0;
}
