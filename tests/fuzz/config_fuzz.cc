// libFuzzer target of the configuration reader: every input ends in ConfigError, or is read and reads back from its printed form.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "cluster/base/error.h"
#include "cluster/config/reader.h"
#include "tests/cluster/config/example.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  temper::ExampleConfig config;
  temper::ResolvedConfig resolved;
  try {
    resolved = temper::ReadConfigText(text, "fuzz.yaml", temper::DescribeExample(&config));
  } catch (const temper::ConfigError&) {
    return 0;
  }
  if (!(temper::ReadExample(resolved.ToYaml()) == config)) std::abort();
  return 0;
}
