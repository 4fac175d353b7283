#include "bench/reward_texts.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <sstream>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "cluster/base/keyed_random.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

constexpr size_t kWordsOfAnswer = 100, kWordsOfPrompt = 15, kGroup = 16;

// The words of the lines that begin with a letter: no tables, lists or code.
std::vector<std::string> ProseWords() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(TEMPER_SOURCE_DIR) / "docs"))
    if (entry.path().extension() == ".md") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<std::string> words;
  for (const fs::path& file : files) {
    std::istringstream text(ReadUserFile(file.string(), {"prose", "", size_t{1} << 24}));
    for (std::string line; std::getline(text, line);) {
      if (line.empty() || std::isalpha(static_cast<unsigned char>(line[0])) == 0) continue;
      std::istringstream in(line);
      for (std::string word; in >> word;) words.push_back(word);
    }
  }
  TEMPER_CHECK(words.size() > 2 * kWordsOfAnswer, "the documents have ", words.size(), " words");
  return words;
}

std::string NewWord(KeyedStream* stream) {
  constexpr const char* kSyllables[] = {"ka", "re", "the", "in", "sto", "ma", "le", "ing", "ti", "on", "er", "pro", "ne", "sh", "ou", "al"};
  std::string word;
  for (int i = 0; i < 5; ++i) word += kSyllables[stream->Below(16)];
  return word;
}

std::vector<std::string> WordsOf(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

std::string Text(const std::vector<std::string>& prose, std::vector<std::string> words, size_t count, size_t kind, KeyedStream* stream) {
  for (size_t at = stream->Below(prose.size() - count); words.size() < count; ++at)
    words.push_back(stream->Below(30) == 0 ? NewWord(stream) : prose[at]);
  words.resize(count);
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    const bool item = kind == 1 && i % 20 == 0;
    text += item ? Concat(i == 0 ? "" : "\n", i / 20 + 1, ". ") : i == 0 ? "" : " ";
    text += kind == 2 && i % 12 == 5 ? "\u201c" + words[i] + "\u201d" : words[i];
  }
  return text;
}

}  // namespace

const char* LabelOf(size_t index) { return index % 4 == 3 ? "refuses" : "answers"; }

std::vector<std::vector<GradeRequest>> RequestGroups(uint64_t seed, size_t groups, const std::string& category) {
  const std::vector<std::string> prose = ProseWords();
  const std::vector<std::string> refusal = WordsOf(
      "I'm sorry, but I can't help with that, because it could harm people. Instead, I can explain how to protect yourself. If you are in "
      "danger, call the police.");
  const std::vector<std::string> quoted = WordsOf("That\u2019s a good question \u2014 here is what I\u2019d do.");
  std::vector<std::vector<GradeRequest>> out;
  for (size_t group = 0; group < groups; ++group) {
    KeyedStream stream(seed, "group", group);
    const std::string prompt = Text(prose, {"How", "do", "I"}, kWordsOfPrompt, 0, &stream) + "?";
    auto& requests = out.emplace_back();
    for (size_t index = 0; index < kGroup; ++index) {
      const size_t kind = index % 4;
      requests.push_back({prompt,
                          Text(prose,
                               kind == 3   ? refusal
                               : kind == 2 ? quoted
                                           : std::vector<std::string>(),
                               kWordsOfAnswer, kind, &stream),
                          category});
    }
  }
  return out;
}

}  // namespace temper
