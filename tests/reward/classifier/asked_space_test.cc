// What is remembered of words and texts, and what is not asked of ICU, is held to the plain way on random texts.
#include "reward/classifier/asked_space.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <gtest/gtest.h>
#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>

#include "cluster/base/keyed_random.h"
#include "cluster/base/utf8.h"
#include "reward/text/normalize.h"

namespace temper {
namespace {

std::string RandomText(uint64_t index) {
  static const std::vector<std::string> kPieces = {"the",
                                                   "quick",
                                                   "Brown",
                                                   "fox",
                                                   " ",
                                                   " ",
                                                   " ",
                                                   "  ",
                                                   "\n",
                                                   "\t",
                                                   ".",
                                                   ",",
                                                   "-",
                                                   "_",
                                                   "\u2019",
                                                   "\u2013",
                                                   "\u201c",
                                                   "\u2026",
                                                   "e\u0301",
                                                   "\u0301",
                                                   "\u200b",
                                                   "\u00df",
                                                   "\u00c9",
                                                   "\ufb01",
                                                   "\u212b",
                                                   "\u1e9b",
                                                   "\u4e2d\u6587",
                                                   "\uac00",
                                                   "\u1100",
                                                   "\u1161",
                                                   "\u00a0",
                                                   "\u3000",
                                                   "\u0130",
                                                   "\u03a3",
                                                   "\uff21",
                                                   "\xff",
                                                   "\xe2\x80",
                                                   "\u200d",
                                                   "\u0345",
                                                   "\U0001d400",
                                                   "b o m b ",
                                                   "x-y-z ",
                                                   "a.b.c.d",
                                                   " i a ",
                                                   "word",
                                                   "Words",
                                                   "unlikelyverylongwordthatisnotkeptbecauseithasmorethansixtyfourbytesinit"};
  KeyedStream stream(3, "text", index);
  std::string text;
  for (uint64_t left = stream.Below(60); left > 0; --left) text += stream.Pick(kPieces);
  return text;
}

// Folding as Unicode has it, of the whole text at once.
std::string PlainFold(const std::string& text) {
  UErrorCode status = U_ZERO_ERROR;
  std::string folded, out;
  icu::StringByteSink<std::string> sink(&folded);
  icu::Normalizer2::getNFKCCasefoldInstance(status)->normalizeUTF8(0, RepairUtf8(text), sink, nullptr, status);
  EXPECT_TRUE(U_SUCCESS(status));
  for (size_t at = 0; at < folded.size();) {
    const size_t begin = at;
    const char32_t c = NextCodePoint(folded, &at);
    if (c >= 0x2018 && c <= 0x201B) {
      out += '\'';
    } else if (c >= 0x201C && c <= 0x201F) {
      out += '"';
    } else if (c >= 0x2010 && c <= 0x2015) {
      out += '-';
    } else {
      out.append(folded, begin, at - begin);
    }
  }
  return out;
}

std::string PlainSpaces(const std::string& text) {
  std::string out = " ";
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    const char32_t c = NextCodePoint(text, &at);
    if (!IsWhiteSpace(c) && !(c >= 0x1C && c <= 0x1F)) {
      out.append(text, begin, at - begin);
    } else if (out.back() != ' ') {
      out += ' ';
    }
  }
  return out.back() == ' ' ? out : out + ' ';
}

TEST(NormalizeText, FoldsByPartsAsUnicodeFoldsTheWhole) {
  for (uint64_t i = 0; i < 5000; ++i) {
    const std::string text = RandomText(i);
    ASSERT_EQ(NormalizeText(text, {true, false}), PlainSpaces(PlainFold(text))) << text;
  }
}

// A vocabulary of every other slot that the texts have, with weights of any size.
SpaceModel RandomSpace(NgramUnit unit, size_t outputs) {
  SpaceModel space;
  space.options.ngrams = {unit, unit == NgramUnit::kWord ? 1 : 2, unit == NgramUnit::kWord ? 2 : 5, 14};
  KeyedStream stream(5, "space", outputs);
  for (uint32_t slot = 0; slot < (1U << 14); slot += 1 + static_cast<uint32_t>(stream.Below(3))) {
    space.vocabulary.slots.push_back(slot);
    space.vocabulary.idf.push_back(static_cast<float>(1 + 5 * stream.Uniform()));
    for (size_t k = 0; k < outputs; ++k) space.weights.push_back(static_cast<float>(stream.Normal()));
  }
  return space;
}

// The formula of SpaceModel, n-gram by n-gram.
std::vector<double> PlainAdded(const SpaceModel& space, const std::string& text, size_t outputs) {
  NgramReader reader(space.options.ngrams);
  std::map<uint32_t, uint32_t> counts;
  reader.Read(text, [&](uint32_t slot, size_t, size_t) { ++counts[slot]; });
  std::vector<double> added(outputs);
  double squares = 0;
  for (const auto& [slot, count] : counts) {
    const auto at = std::lower_bound(space.vocabulary.slots.begin(), space.vocabulary.slots.end(), slot);
    if (at == space.vocabulary.slots.end() || *at != slot) continue;
    const auto place = static_cast<size_t>(at - space.vocabulary.slots.begin());
    const double value = SublinearCount(count) * space.vocabulary.idf[place];
    squares += value * value;
    for (size_t k = 0; k < outputs; ++k) added[k] += value * space.weights[place * outputs + k];
  }
  for (double& each : added) each *= squares == 0 ? 0 : space.options.scale / std::sqrt(squares);
  return added;
}

TEST(AskedSpace, AddsWhatTheFormulaSaysWhateverItRemembers) {
  for (const NgramUnit unit : {NgramUnit::kWord, NgramUnit::kCharacter}) {
    for (const size_t outputs : {size_t{1}, size_t{3}}) {
      const SpaceModel space = RandomSpace(unit, outputs);
      AskedSpace asked(space, outputs);
      for (uint64_t i = 0; i < 1500; ++i) {
        const std::string text = NormalizeText(RandomText(i / 2), {});  // each twice: the second is remembered
        const std::vector<double> plain = PlainAdded(space, text, outputs);
        std::vector<double> added(outputs);
        asked.AddTo(text, added);
        // Sums of some hundred terms of about 1 in another order.
        for (size_t k = 0; k < outputs; ++k) ASSERT_NEAR(added[k], plain[k], 1e-12) << text;
      }
    }
  }
}

// More words than are kept, in texts of many words: each still has its own places.
TEST(WordPlaces, AreTheWordsOwnWhetherTheyAreKeptOrNot) {
  WordPlaces words;
  for (uint32_t text = 0; text < 3; ++text) {
    words.MakeRoom();
    for (uint32_t i = 0; i < 70000; ++i) {
      const auto fill = [&](std::vector<uint32_t>* places) { places->insert(places->end(), {i, i + 1}); };
      const WordPlaces::Word word = words.word(words.IndexOf(" word" + std::to_string(i) + " ", fill));
      ASSERT_EQ(word.size, 2u);
      ASSERT_EQ(words.places()[word.first], i);
    }
  }
}

}  // namespace
}  // namespace temper
