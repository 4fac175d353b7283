#include "cluster/base/report_files.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cluster/base/error.h"

namespace temper {

void WriteWholeFile(const std::string& path, std::string_view text) {
  const std::string temporary = path + ".partial";
  {
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
    out.flush();
    TEMPER_CHECK(out.good(), "cannot write ", temporary, ": ", std::strerror(errno), "; does the folder exist, and is there space?");
  }
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  TEMPER_CHECK(!error, "cannot rename ", temporary, " to ", path, ": ", error.message());
}

std::string ReadWholeFile(const std::string& path, const std::string& purpose) {
  std::ifstream in(path, std::ios::binary);
  TEMPER_CHECK(in.good(), "cannot read ", path, " (", purpose, "): ", std::strerror(errno));
  std::ostringstream text;
  text << in.rdbuf();
  TEMPER_CHECK(!in.bad(), "reading ", path, " (", purpose, ") failed: ", std::strerror(errno));
  return std::move(text).str();
}

size_t Utf8Length(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto tail = [&](size_t i) { return byte(i) >= 0x80 && byte(i) <= 0xBF; };
  const unsigned lead = byte(at), second = byte(at + 1);
  if (at >= text.size()) return 0;
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return tail(at + 1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool overlong = lead == 0xE0 && second < 0xA0, surrogate = lead == 0xED && second > 0x9F;
    return tail(at + 1) && tail(at + 2) && !overlong && !surrogate ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool overlong = lead == 0xF0 && second < 0x90, beyond = lead == 0xF4 && second > 0x8F;
    return tail(at + 1) && tail(at + 2) && tail(at + 3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

std::string RepairUtf8(std::string_view text, std::vector<size_t>* offsets) {
  std::string out;
  out.reserve(text.size());
  if (offsets != nullptr) offsets->assign(text.size() + 1, 0);
  for (size_t i = 0; i < text.size();) {
    const size_t length = Utf8Length(text, i);
    const size_t step = length == 0 ? 1 : length;
    for (size_t k = 0; offsets != nullptr && k < step; ++k) (*offsets)[i + k] = out.size() + k;
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else {
      out += text.substr(i, length);
    }
    i += step;
  }
  if (offsets != nullptr) offsets->back() = out.size();
  return out;
}

}  // namespace temper
