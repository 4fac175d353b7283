#include "cluster/base/enum_names.h"

#include <cstdint>

#include <gtest/gtest.h>

namespace temper {

// The numbers are not those of the rows, so that a look-up by position would be wrong.
enum class Metal : uint8_t { kIron = 7, kTin = 2, kLead = 200 };

template <>
struct EnumNames<Metal> {
  static constexpr std::string_view kWhat = "metal";
  static constexpr EnumTable<Metal, 3> kTable{{{Metal::kIron, "iron"}, {Metal::kTin, "tin"}, {Metal::kLead, "lead"}}};
};

namespace {

static_assert(NameOf(Metal::kLead) == "lead");
static_assert(ValueOf<Metal>("tin") == Metal::kTin);

TEST(EnumNames, EveryValueHasItsNameAndEveryNameItsValue) {
  EXPECT_EQ(NameOf(Metal::kIron), "iron");
  EXPECT_EQ(NameOf(Metal::kTin), "tin");
  EXPECT_EQ(ValueOf<Metal>("iron"), Metal::kIron);
  EXPECT_EQ(ValueOf<Metal>("lead"), Metal::kLead);
}

TEST(EnumNames, ANumberOutsideTheTableIsInvalid) { EXPECT_EQ(NameOf(static_cast<Metal>(0)), "invalid"); }

TEST(EnumNames, OnlyTheExactWordIsAName) {
  for (const char* word : {"", "Iron", "iron ", "iro", "invalid"}) EXPECT_EQ(ValueOf<Metal>(word), std::nullopt) << word;
}

TEST(EnumNames, NamesAreListedInTheOrderOfTheTable) { EXPECT_EQ(AllNames<Metal>(), "iron, tin, lead"); }

TEST(EnumNames, AnUnknownWordIsTheUsersErrorAndTheErrorListsTheNames) {
  EXPECT_EQ(ParseEnum<Metal>("tin"), Metal::kTin);
  try {
    ParseEnum<Metal>("gold");
    FAIL() << "not refused";
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(), "unknown metal 'gold'; one of iron, tin, lead");
  }
}

}  // namespace
}  // namespace temper
