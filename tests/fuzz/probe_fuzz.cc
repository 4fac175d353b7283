// libFuzzer target of a probe's file: every input, with its checksum made right, ends in ConfigError, or is a probe that is written again
// as it was read and gives probabilities.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "cluster/base/bytes.h"
#include "cluster/base/error.h"
#include "cluster/base/hash.h"
#include "reward/probe/probe.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  temper::ByteWriter start;
  start.Put<uint32_t>(1);
  start.Put(temper::Hash64(body));
  const std::string bytes = "TMPRPROB" + start.bytes() + std::string(body);
  temper::Probe probe;
  try {
    probe = temper::ParseProbe(bytes, "fuzz");
  } catch (const temper::ConfigError&) {
    return 0;
  }
  if (temper::WriteProbe(probe) != bytes) std::abort();
  const std::vector<float> features(probe.head.standard.size(), 0.5F);
  double sum = 0;
  for (const double each : temper::ProbabilitiesOf(probe.head, features)) sum += each;
  if (!std::isnan(sum) && std::abs(sum - 1) > 1e-6) std::abort();
  return 0;
}
