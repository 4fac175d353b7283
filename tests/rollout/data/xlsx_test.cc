#include "rollout/data/xlsx.h"

#include <filesystem>
#include <utility>

#include <gmock/gmock.h>
#include <zlib.h>

#include "cluster/base/error.h"
#include "cluster/base/file.h"
#include "rollout/data/dataset_rows.h"
#include "tests/support/temp_folder.h"

namespace temper {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Little(uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
  return out;
}

std::string Deflated(const std::string& text) {
  std::string packed(text.size() + 100, '\0');
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data())), stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data()), stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

// A ZIP archive; `said` is the size that its table gives of each file, 0 = the true one.
std::string Zip(const std::vector<std::pair<std::string, std::string>>& files, bool deflated, uint64_t said = 0) {
  std::string out, table;
  for (const auto& [name, text] : files) {
    const std::string packed = deflated ? Deflated(text) : text;
    const std::string sizes = Little(packed.size(), 4) + Little(said == 0 ? text.size() : said, 4) + Little(name.size(), 2) + Little(0, 2);
    const std::string head = Little(20, 2) + Little(0, 2) + Little(deflated ? 8 : 0, 2) + Little(0, 4) + Little(0, 4) + sizes;
    table += Little(0x02014b50, 4) + Little(20, 2) + head + Little(0, 2) + Little(0, 2) + Little(0, 2) + Little(0, 4) +
             Little(out.size(), 4) + name;
    out += Little(0x04034b50, 4) + head + name + packed;
  }
  return out + table + Little(0x06054b50, 4) + Little(0, 4) + Little(files.size(), 2) + Little(files.size(), 2) + Little(table.size(), 4) +
         Little(out.size(), 4) + Little(0, 2);
}

constexpr char kStrings[] =
    "<sst><si><t>prompt</t></si><si><r><t xml:space=\"preserve\">a &lt;b&gt; </t></r><r><t>&#x41;_x000D_</t></r></si>"
    "<si><t>word</t><rPh sb=\"0\" eb=\"1\"><t>guide</t></rPh></si><si/></sst>";
constexpr char kSheet[] =
    "<worksheet><cols><col min=\"1\"/></cols><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"C1\" t=\"inlineStr\"><is>"
    "<t>label</t></is></c></row><row r=\"2\"><c r=\"A2\" t=\"s\"><v>1</v></c><c r=\"C2\"><v>0.5</v></c></row>"
    "<row r=\"3\"/><row r=\"4\"><c r=\"A4\" t=\"s\"><v>2</v></c><c r=\"B4\" t=\"s\"><v>3</v></c></row></sheetData></worksheet>";

std::string Workbook(bool deflated, const std::string& sheet = kSheet) {
  return Zip({{"xl/worksheets/sheet1.xml", sheet}, {"xl/sharedStrings.xml", kStrings}, {"xl/media/image.png", "?"}}, deflated);
}

std::string ProblemOf(const std::string& workbook, uint64_t max_bytes = kMaxXlsxBytes) {
  try {
    ReadXlsx(workbook, max_bytes);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(Xlsx, ReadsTextsNumbersAndRunsOfTheFirstSheet) {
  for (const bool deflated : {false, true}) {
    const auto rows = ReadXlsx(Workbook(deflated));
    ASSERT_EQ(rows.size(), 4U);
    EXPECT_THAT(rows[0], ElementsAre("prompt", "", "label"));
    EXPECT_THAT(rows[1], ElementsAre("a <b> A\r", "", "0.5"));
    EXPECT_TRUE(rows[2].empty());
    EXPECT_THAT(rows[3], ElementsAre("word", "")) << "without its phonetic guide";
  }
}

TEST(Xlsx, IsADatasetWithAHeaderRow) {
  const TempFolder folder;
  WriteBytes(folder / "a.xlsx", Workbook(true));
  const std::string text = ReadFile(folder / "a.xlsx");
  const auto rows = OpenRows(folder / "a.xlsx", text);
  DatasetRow row;
  ASSERT_TRUE(rows->Next(&row));
  EXPECT_EQ(row.line, 2);
  EXPECT_EQ(row.columns.at("prompt"), "a <b> A\r");
  EXPECT_EQ(row.columns.at("label"), "0.5");
  ASSERT_TRUE(rows->Next(&row));
  EXPECT_EQ(row.line, 4) << "an empty row is left out";
  EXPECT_EQ(row.columns.at("label"), "");
  EXPECT_FALSE(rows->Next(&row));
}

TEST(Xlsx, DamagedWorkbooksAreRefusedInWords) {
  EXPECT_THAT(ProblemOf("prompt,label\n"), HasSubstr("it is no ZIP archive"));
  EXPECT_THAT(ProblemOf(Zip({{"a.txt", "x"}}, false)), HasSubstr("there is no sheet in it"));
  EXPECT_THAT(ProblemOf(Workbook(false, "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>9</v></c></row>")),
              HasSubstr("names a text that is not there"));
  EXPECT_THAT(ProblemOf(Workbook(false, "<row r=\"1\"><c r=\"ZZZ1\"><v>9</v></c></row>")), HasSubstr("more than 1024 columns"));
  EXPECT_THAT(ProblemOf(Workbook(false, "<row r=\"1\"><c r=\"A1\">")), HasSubstr("has no end"));
  EXPECT_THAT(ProblemOf(Zip({{"xl/worksheets/sheet1.xml", kSheet}}, true, uint64_t{300} << 20)), HasSubstr("unpacks to more than"));
  EXPECT_THAT(ProblemOf(Zip({{"xl/worksheets/sheet1.xml", kSheet}}, true, 5)), HasSubstr("does not unpack to the size"));
  const std::string whole = Workbook(true);
  for (size_t size = 7; size < whole.size(); size += 7) EXPECT_NE(ProblemOf(whole.substr(size)), "") << "no first " << size << " bytes";
}

// Many stored files of one place that say 1 byte each would be read without end.
TEST(Xlsx, AStoredFileIsOfTheSizeThatItSays) {
  EXPECT_THAT(ProblemOf(Zip({{"xl/worksheets/sheet1.xml", std::string(1000, ' ') + kSheet}}, false, 1)),
              HasSubstr("is not of the size that it says"));
}

// 100 rows of 1024 places take 100 * 1024 * 32 bytes, of a sheet of 3 KiB; 100 cells that name a text of 64 KiB take 6.25 MiB.
TEST(Xlsx, AShortFileCannotTakeMuchMemory) {
  std::string far, often;
  for (int i = 0; i < 100; ++i) far += "<row><c r=\"AMJ1\"/></row>", often += "<row><c r=\"A1\" t=\"s\"><v>0</v></c></row>";
  EXPECT_THAT(ProblemOf(Zip({{"xl/worksheets/sheet1.xml", far}}, true), 1 << 20), HasSubstr("take more than 1048576 bytes"));
  const std::string strings = "<sst><si><t>" + std::string(1 << 16, 'x') + "</t></si></sst>";
  const std::string named = Zip({{"xl/worksheets/sheet1.xml", often}, {"xl/sharedStrings.xml", strings}}, true);
  EXPECT_THAT(ProblemOf(named, 1 << 20), HasSubstr("take more than 1048576 bytes"));
  EXPECT_EQ(ProblemOf(named), "");
}

TEST(Xlsx, TwoColumnsOfOneNameAreRefusedAsInCsv) {
  const TempFolder folder;
  const std::string sheet =
      "<row><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"D1\" t=\"s\"><v>0</v></c></row><row><c r=\"A2\"><v>1</v></c></row>";
  const std::string text = Workbook(true, sheet);
  try {
    OpenRows(folder / "a.xlsx", text);
    FAIL() << "read";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("a.xlsx:1: two columns are called prompt"));
  }
}

}  // namespace
}  // namespace temper
