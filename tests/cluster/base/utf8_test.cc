#include "cluster/base/utf8.h"

#include <gmock/gmock.h>

#include "cluster/base/printable.h"

namespace temper {
namespace {

TEST(PrintableText, ShowsWhatWouldSteerATerminal) {
  EXPECT_EQ(PrintableText("plain, \xC3\xA4\n\tlines stay"), "plain, \xC3\xA4\n\tlines stay");
  EXPECT_EQ(PrintableText("\x1B[2J\rbell\a\x7F"), "\\x1b[2J\\x0dbell\\x07\\x7f");
  EXPECT_EQ(PrintableText("\xC2\x9B"
                          "31m"),
            "\\u{9b}31m")
      << "an escape sequence of one character";
  EXPECT_EQ(PrintableText("a\xE2\x80\xAE"
                          "b\xE2\x81\xA6\xE2\x80\xA8"),
            "a\\u{202e}b\\u{2066}\\u{2028}");
  EXPECT_EQ(PrintableText(std::string_view("\xFF\x00\xC3", 3)), "\\xff\\x00\\xc3");
}

using ::testing::ElementsAre;

struct Case {
  const char* what;
  std::string bytes;
  size_t length;  // of the character at its start, 0 = none
};

// The edges of every row of table 3-7 of the Unicode standard (well-formed UTF-8 byte sequences), and what lies just outside.
const Case kTable[] = {
    {"U+0000", std::string(1, '\0'), 1},
    {"U+007F", "\x7F", 1},
    {"a continuation byte", "\x80", 0},
    {"the last continuation byte", "\xBF", 0},
    {"an overlong 2-byte lead", "\xC0\x80", 0},
    {"an overlong 2-byte lead", "\xC1\xBF", 0},
    {"U+0080", "\xC2\x80", 2},
    {"U+07FF", "\xDF\xBF", 2},
    {"a second byte too low", "\xC2\x7F", 0},
    {"a second byte too high", "\xDF\xC0", 0},
    {"overlong 3 bytes", "\xE0\x9F\xBF", 0},
    {"U+0800", "\xE0\xA0\x80", 3},
    {"U+0FFF", "\xE0\xBF\xBF", 3},
    {"U+1000", "\xE1\x80\x80", 3},
    {"U+CFFF", "\xEC\xBF\xBF", 3},
    {"U+D7FF", "\xED\x9F\xBF", 3},
    {"the first surrogate", "\xED\xA0\x80", 0},
    {"the last surrogate", "\xED\xBF\xBF", 0},
    {"U+E000", "\xEE\x80\x80", 3},
    {"U+FFFF", "\xEF\xBF\xBF", 3},
    {"a third byte too high", "\xEF\xBF\xC0", 0},
    {"overlong 4 bytes", "\xF0\x8F\xBF\xBF", 0},
    {"U+10000", "\xF0\x90\x80\x80", 4},
    {"U+3FFFF", "\xF0\xBF\xBF\xBF", 4},
    {"U+40000", "\xF1\x80\x80\x80", 4},
    {"U+FFFFF", "\xF3\xBF\xBF\xBF", 4},
    {"U+100000", "\xF4\x80\x80\x80", 4},
    {"U+10FFFF", "\xF4\x8F\xBF\xBF", 4},
    {"beyond U+10FFFF", "\xF4\x90\x80\x80", 0},
    {"a lead beyond U+10FFFF", "\xF5\x80\x80\x80", 0},
    {"a byte of no sequence", "\xFF", 0},
    {"2 bytes cut short", "\xC2", 0},
    {"3 bytes cut short", "\xE1\x80", 0},
    {"4 bytes cut short", "\xF1\x80\x80", 0},
    {"the end of the text", "", 0},
};

TEST(Utf8, LengthsAreThoseOfTheStandardsTable) {
  for (const Case& each : kTable) {
    EXPECT_EQ(Utf8Length(each.bytes, 0), each.length) << each.what;
    EXPECT_EQ(Utf8Length("\xF0" + each.bytes, 1), each.length) << each.what << ", behind a stray byte";
    EXPECT_EQ(InvalidUtf8At("ab" + each.bytes).has_value(), each.length != each.bytes.size()) << each.what;
  }
}

TEST(Utf8, TheFirstInvalidByteIsFound) {
  EXPECT_EQ(InvalidUtf8At(""), std::nullopt);
  EXPECT_EQ(InvalidUtf8At("plain, longer than one word of the machine"), std::nullopt);
  EXPECT_EQ(InvalidUtf8At("0123456789\xC3\xA9\xC3"), 12U);
  EXPECT_EQ(InvalidUtf8At("a\xE2\x82z"), 1U);
}

TEST(Utf8, CodePointsComeBackAsTheyWentIn) {
  for (const char32_t c : {0x0, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF}) {
    std::string text = "x";
    AppendUtf8(c, &text);
    size_t at = 1;
    EXPECT_EQ(NextCodePoint(text, &at), c);
    EXPECT_EQ(at, text.size());
    EXPECT_EQ(LastCodePointStart(text), 1U);
    EXPECT_EQ(CountCodePoints(text), 2U);
  }
  std::string euro;
  AppendUtf8(0x20AC, &euro);
  EXPECT_EQ(euro, "\xE2\x82\xAC");
}

// In Python: b"...".decode(errors="replace").
TEST(Utf8, RepairReplacesEachLongestIllFormedPart) {
  EXPECT_EQ(RepairUtf8("caf\xC3\xA9"), "caf\xC3\xA9");
  EXPECT_EQ(RepairUtf8("\xFFz"), "\xEF\xBF\xBDz");
  EXPECT_EQ(RepairUtf8("\xE2\x82z"), "\xEF\xBF\xBDz") << "a character cut short is one part";
  EXPECT_EQ(RepairUtf8("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD") << "a surrogate is three";
  EXPECT_EQ(RepairUtf8("\xF0\x90\x80"), "\xEF\xBF\xBD");
}

TEST(Utf8, RepairTellsWhereEachByteWent) {
  std::vector<size_t> offsets = {99};
  EXPECT_EQ(RepairUtf8("a\xE2\x82z\xC3\xA9", &offsets), "a\xEF\xBF\xBDz\xC3\xA9");
  EXPECT_THAT(offsets, ElementsAre(0, 1, 1, 4, 5, 6, 7));
  RepairUtf8("", &offsets);
  EXPECT_THAT(offsets, ElementsAre(0));
}

TEST(Utf8, ATailMayBecomeACharacter) {
  EXPECT_EQ(IncompleteUtf8Tail("a\xE2"), 1U);
  EXPECT_EQ(IncompleteUtf8Tail("a\xE2\x82"), 2U);
  EXPECT_EQ(IncompleteUtf8Tail("\xF0\x9F\x98"), 3U);
  EXPECT_EQ(IncompleteUtf8Tail("a\xE2\x82\xAC"), 0U);
  EXPECT_EQ(IncompleteUtf8Tail("\xED\xA0"), 0U) << "no character begins so";
  EXPECT_EQ(IncompleteUtf8Tail("\x80"), 0U);
}

}  // namespace
}  // namespace temper
