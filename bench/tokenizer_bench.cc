// Encoding and decoding speed of the tokenizers on one core, on mostly ASCII text (prose, code and numbers, 1 % other scripts): prints one
// line a tokenizer. The words follow Zipf's law over 50,000 spellings, so that a cache of words meets new ones all along.
//   tokenizer_bench [MB of text, default 8] [tokenizer.json ...]
// Without files: the tokenizers of tests/golden/tokenizer/family_*.json.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>

#include <nlohmann/json.hpp>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/keyed_random.h"
#include "policy/tokenizer/tokenizer.h"

namespace temper {
namespace {

constexpr uint64_t kNumWords = 50000;
constexpr const char* kFamilies[] = {"llama3", "qwen2", "gpt2", "llama2", "mistral", "metaspace", "gemma"};
constexpr const char* kAsides[] = {"for (int i = 0; i < n; ++i) {\n    total += values[i];\n}\n",
                                   "\n\n",
                                   ", ",
                                   ". ",
                                   " = ",
                                   "();\n\t",
                                   " \xE8\x93\x9C\xE8\x9C\x82\xE3\x81\xA8",
                                   " \xD0\xBC\xD1\x91\xD0\xB4",
                                   " r\xC3\xA9sine"};

std::string Word(uint64_t rank) {
  constexpr const char* kSyllables[] = {"ka", "re", "the", "in", "sto", "ma", "le", "ing", "ti", "on", "er", "pro", "ne", "sh", "ou", "al"};
  std::string word;
  for (KeyedStream stream(1, "word", rank); word.empty() || stream.Below(3) != 0;) word += kSyllables[stream.Below(16)];
  return word;
}

std::string Text(size_t bytes) {
  std::vector<std::string> words;
  for (uint64_t rank = 0; rank < kNumWords; ++rank) words.push_back(Word(rank));
  std::string text;
  for (KeyedStream stream(2, "text"); text.size() < bytes;) {
    const uint64_t kind = stream.Below(40);
    if (kind < 4) {
      text += kAsides[stream.Below(6)];
    } else if (kind == 4) {
      text += " " + std::to_string(stream.Below(100000));
    } else if (kind == 5 && stream.Below(4) == 0) {
      text += kAsides[6 + stream.Below(3)];
    } else {
      const double u = static_cast<double>(stream.Below(1 << 24)) / (1 << 24);
      text += " " + words[static_cast<size_t>(std::exp(u * std::log(static_cast<double>(kNumWords)))) - 1];
    }
  }
  return text;
}

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  TEMPER_CHECK(in.good(), path, " cannot be opened");
  return {std::istreambuf_iterator<char>(in), {}};
}

// Seconds of this thread's processor, best of three: what the wall time is on an idle core.
template <typename Work>
double Time(Work work) {
  double best = 1e30;
  for (int round = 0; round < 3; ++round) {
    const std::clock_t start = std::clock();
    work();
    best = std::min(best, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  }
  return best;
}

void Measure(const std::string& name, const std::string& tokenizer_json, const std::string& text) {
  std::vector<int32_t> ids;
  std::string decoded;
  // A new tokenizer each time, whose cache is empty.
  std::vector<std::unique_ptr<Tokenizer>> fresh;
  for (int i = 0; i < 3; ++i) fresh.push_back(ParseTokenizer(tokenizer_json));
  const double first = Time([&, i = size_t{0}]() mutable { ids = fresh[i++]->Encode(text); });
  const auto& tokenizer = fresh[0];
  const double again = Time([&] { ids = tokenizer->Encode(text); });
  const double decode = Time([&] { decoded = tokenizer->Decode(ids); });
  const double mb = static_cast<double>(text.size()) / 1e6;
  std::printf("tokenizer %-28s %.1f MB  %9zu tokens  encode %6.1f MB/s (from an empty cache %6.1f)  decode %6.1f MB/s\n", name.c_str(), mb,
              ids.size(), mb / again, mb / first, static_cast<double>(decoded.size()) / 1e6 / decode);
}

}  // namespace
}  // namespace temper

int main(int argc, char** argv) {
  const std::string text = temper::Text((argc > 1 ? static_cast<size_t>(std::atoll(argv[1])) : 8) * 1000 * 1000);
  for (int i = 2; i < argc; ++i) temper::Measure(argv[i], temper::ReadFile(argv[i]), text);
  if (argc > 2) return 0;
  for (const char* family : temper::kFamilies) {
    const std::string path = std::string(TEMPER_SOURCE_DIR) + "/tests/golden/tokenizer/family_" + family + ".json";
    temper::Measure(family, nlohmann::json::parse(temper::ReadFile(path))["tokenizer"].dump(), text);
  }
}
