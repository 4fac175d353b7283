#include "cluster/base/fields.h"

#include <gmock/gmock.h>

namespace temper {

struct Leaf {
  int32_t number = 0;
  std::string text;
};
template <typename Visitor>
void Fields(Visitor& v, Leaf& l) {
  v(l.number, l.text);
}

struct Tree {
  bool flag = false;
  std::vector<Leaf> leaves;
  std::map<std::string, double> sizes;
  std::variant<Leaf, int64_t> choice;
};
template <typename Visitor>
void Fields(Visitor& v, Tree& t) {
  v(t.flag, t.leaves, t.sizes, t.choice);
}

namespace {

using testing::HasSubstr;

std::string ErrorOf(const std::string& bytes) {
  try {
    DecodeFields<Tree>(bytes);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Fields, ALeafIsItsNumberAndItsLengthAndText) {
  // 7 in four bytes, a length of 2 in eight, the text.
  EXPECT_EQ(EncodeFields(Leaf{7, "ab"}), std::string("\7\0\0\0\2\0\0\0\0\0\0\0ab", 14));
}

TEST(Fields, WriterAndReaderWalkTheSameList) {
  const Tree tree{true, {{1, "one"}, {2, ""}}, {{"a", 0.5}, {"b", -2}}, int64_t{9}};
  const auto same = DecodeFields<Tree>(EncodeFields(tree));
  EXPECT_TRUE(same.flag);
  ASSERT_EQ(same.leaves.size(), 2U);
  EXPECT_EQ(same.leaves[0].text, "one");
  EXPECT_EQ(same.leaves[1].number, 2);
  EXPECT_EQ(same.sizes, tree.sizes);
  EXPECT_EQ(std::get<int64_t>(same.choice), 9);
}

TEST(Fields, RefusesWhatIsMalformed) {
  const std::string good = EncodeFields(Tree{});
  for (size_t size = 0; size < good.size(); ++size) EXPECT_THAT(ErrorOf(good.substr(0, size)), HasSubstr("cut short")) << size;
  EXPECT_THAT(ErrorOf(good + "x"), HasSubstr("too long"));
  EXPECT_THAT(ErrorOf("\2" + good.substr(1)), HasSubstr("a flag of 2"));
  std::string strange = good;
  strange[17] = 2;  // after the flag and two counts: which of the variant
  EXPECT_THAT(ErrorOf(strange), HasSubstr("unknown kind 2"));
}

}  // namespace
}  // namespace temper
