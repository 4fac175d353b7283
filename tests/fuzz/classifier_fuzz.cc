// libFuzzer target of the classifier's file: every input ends in ConfigError, or is a classifier that writes the same bytes again and
// classifies a text. The input is the body of a file, which gets a head whose checksum holds.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "cluster/base/bytes.h"
#include "cluster/base/error.h"
#include "cluster/base/hash.h"
#include "reward/classifier/classifier.h"
#include "reward/classifier/file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string body(reinterpret_cast<const char*>(data), size);
  temper::ByteWriter head;
  head.Put<uint32_t>(1);
  head.Put(temper::Hash64(body));
  const std::string bytes = "TMPRCLSF" + head.Take() + body;
  std::shared_ptr<const temper::ClassifierModel> model;
  try {
    model = temper::ParseClassifier(bytes, "fuzz");
  } catch (const temper::ConfigError&) {
    return 0;
  }
  if (temper::WriteClassifier(*model) != bytes) std::abort();
  temper::Classifier classifier(model);
  const temper::Classification said = classifier.Classify("How do I bake bread?", "I'm sorry, but I can't h e l p with that. \xC3\xA9\xFF");
  if (said.probabilities.size() != model->classes.size()) std::abort();
  return 0;
}
