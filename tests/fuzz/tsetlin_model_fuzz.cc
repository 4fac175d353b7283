// libFuzzer target of the Tsetlin machine's file: every input ends in ConfigError, or is a model that can be asked, and that writes a file
// which is read back the same. The input is what stands behind the header; the header is made to fit it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "cluster/base/bytes.h"
#include "cluster/base/error.h"
#include "cluster/base/hash.h"
#include "reward/tsetlin/classifier.h"
#include "reward/tsetlin/model_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string body(reinterpret_cast<const char*>(data), size);
  temper::ByteWriter header;
  header.Put(temper::kTsetlinFileVersion);
  header.Put<uint32_t>(0);
  header.Put(temper::Hash64(body));
  try {
    const temper::TsetlinModel model = temper::ParseTsetlinModel("TMPRTSTL" + header.bytes() + body, "fuzz");
    const std::string written = temper::TsetlinModelBytes(model);
    if (temper::TsetlinModelBytes(temper::ParseTsetlinModel(written, "fuzz")) != written) std::abort();
    temper::RulesInUse(model);
    if (temper::TsetlinTextClassifier(model).Classify("I'm sorry, but").shares.size() != model.labels.size()) std::abort();
  } catch (const temper::ConfigError&) {
  }
  return 0;
}
