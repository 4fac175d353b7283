#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace temper {

// The cells of the first sheet of an XLSX workbook (ECMA-376), as texts: row by row from the first, each as long as its last cell that is
// there. Numbers and truth values are as they are stored; formats, formulas and dates mean nothing here. Phonetic guides are left out.
// Of an untrusted file: at most max_bytes unpacked, as many in its shared texts and cells, and kMaxXlsxColumns columns. A cell counts its
// text and its place, so that a short file cannot name a long text, or a place far to the right, too often. Throws ConfigError with what is
// wrong; the caller adds the path.
inline constexpr uint64_t kMaxXlsxBytes = uint64_t{256} << 20;
inline constexpr size_t kMaxXlsxColumns = 1024;
std::vector<std::vector<std::string>> ReadXlsx(std::string_view workbook, uint64_t max_bytes = kMaxXlsxBytes);

}  // namespace temper
