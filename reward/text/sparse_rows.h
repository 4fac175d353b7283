#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace temper {

// A matrix of which few entries are not zero, row by row. Columns of a row are in no order, each at most once.
struct SparseRows {
  struct Entry {
    uint32_t column = 0;
    float value = 0;
  };

  size_t width = 0;            // columns
  std::vector<uint64_t> ends;  // of each row in `entries`; rows() of them
  std::vector<Entry> entries = {};

  size_t rows() const { return ends.size(); }
  std::span<const Entry> row(size_t index) const {
    const uint64_t begin = index == 0 ? 0 : ends[index - 1];
    return std::span(entries).subspan(begin, ends[index] - begin);
  }
  void EndRow() { ends.push_back(entries.size()); }
};

}  // namespace temper
