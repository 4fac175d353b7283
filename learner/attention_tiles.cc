#include "learner/attention_tiles.h"

#include <algorithm>
#include <cmath>

#include "learner/row_math.h"

// Fortran BLAS of the library LibTorch is built on.
// NOLINTNEXTLINE(readability-identifier-naming): the library names it
extern "C" void sgemm_(const char* trans_a, const char* trans_b, const int* m, const int* n, const int* k, const float* alpha,
                       const float* a, const int* lda, const float* b, const int* ldb, const float* beta, float* c, const int* ldc);

namespace temper {
namespace {

// A row-major matrix inside larger storage.
struct Matrix {
  const float* data;
  int64_t stride;
};

// Row-major c[m, n] = alpha op(a) op(b) + beta c. BLAS is column-major, in which a row-major matrix is its transpose: c' = op(b)' op(a)'.
void Gemm(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, float alpha, Matrix a, Matrix b, float beta, float* c,
          int64_t c_stride) {
  if (m == 0 || n == 0) return;
  const int rows = static_cast<int>(m), columns = static_cast<int>(n), inner = static_cast<int>(k);
  const int lda = static_cast<int>(a.stride), ldb = static_cast<int>(b.stride), ldc = static_cast<int>(c_stride);
  sgemm_(transpose_b ? "T" : "N", transpose_a ? "T" : "N", &columns, &rows, &inner, &alpha, b.data, &ldb, a.data, &lda, &beta, c, &ldc);
}

Matrix From(const HeadView<const float>& view, int64_t row) { return {view.at(row), view.stride}; }

// scores[r] = rows(a) . keys(b) of the tile, prefix columns first.
void ScoreTile(const AttentionTile& tile, const HeadView<const float>& a, const HeadView<const float>& b, int64_t dim, float* scores) {
  const int64_t prefix = tile.prefix.length;
  Gemm(false, true, tile.rows, prefix, dim, 1, From(a, tile.row), From(b, tile.prefix.begin), 0, scores, tile.width);
  for (const TilePiece& piece : tile.pieces) {
    Gemm(false, true, piece.rows, piece.before + piece.rows, dim, 1, From(a, piece.row), From(b, piece.keys), 0,
         scores + (piece.row - tile.row) * tile.width + prefix, tile.width);
  }
}

// out rows = weights . keys(b); written, not added.
void CombineTile(const AttentionTile& tile, const float* weights, const HeadView<const float>& b, int64_t dim, const HeadView<float>& out) {
  const int64_t prefix = tile.prefix.length;
  if (prefix > 0) {
    Gemm(false, false, tile.rows, dim, prefix, 1, {weights, tile.width}, From(b, tile.prefix.begin), 0, out.at(tile.row), out.stride);
  }
  for (const TilePiece& piece : tile.pieces) {
    Gemm(false, false, piece.rows, dim, piece.before + piece.rows, 1, {weights + (piece.row - tile.row) * tile.width + prefix, tile.width},
         From(b, piece.keys), prefix > 0 ? 1 : 0, out.at(piece.row), out.stride);
  }
}

// keys(out) += weights' . rows(a)
void ScatterTile(const AttentionTile& tile, const float* weights, const HeadView<const float>& a, int64_t dim, const HeadView<float>& out) {
  const int64_t prefix = tile.prefix.length;
  Gemm(true, false, prefix, dim, tile.rows, 1, {weights, tile.width}, From(a, tile.row), 1, out.at(tile.prefix.begin), out.stride);
  for (const TilePiece& piece : tile.pieces) {
    Gemm(true, false, piece.before + piece.rows, dim, piece.rows, 1, {weights + (piece.row - tile.row) * tile.width + prefix, tile.width},
         From(a, piece.row), 1, out.at(piece.keys), out.stride);
  }
}

// The columns of one row of scores: it sees [begin, end); its piece fills [0, filled).
struct RowColumns {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t filled = 0;
};

// Calls visit(stream row, its scores, its columns).
template <typename Visit>
void ForEachRow(const AttentionTile& tile, float* scores, const Visit& visit) {
  for (const TilePiece& piece : tile.pieces) {
    const int64_t before = tile.prefix.length + piece.before;
    for (int64_t i = 0; i < piece.rows; ++i) {
      const int64_t row = piece.row + i;
      visit(row, scores + (row - tile.row) * tile.width, RowColumns{FirstColumn(tile, piece, i), before + i + 1, before + piece.rows});
    }
  }
}

void ZeroUnseen(float* x, const RowColumns& columns) {
  std::fill(x, x + columns.begin, 0.0f);
  std::fill(x + columns.end, x + columns.filled, 0.0f);
}

// Leaves out the keys that no row sees, and settles the width.
void Trim(AttentionTile* tile) {
  const Segment whole = tile->prefix;
  if (tile->window > 0) {
    tile->skipped = whole.length;
    for (TilePiece& piece : tile->pieces) {
      const int64_t unseen = std::max<int64_t>(whole.length + piece.before + 1 - tile->window, 0);  // of the first row
      tile->skipped = std::min(tile->skipped, unseen);
      piece.skipped = std::max<int64_t>(unseen - whole.length, 0);
      piece.keys += piece.skipped;
      piece.before -= piece.skipped;
    }
    tile->prefix = {whole.begin + tile->skipped, whole.length - tile->skipped};
  }
  for (const TilePiece& piece : tile->pieces) tile->width = std::max(tile->width, tile->prefix.length + piece.before + piece.rows);
}

}  // namespace

int64_t FirstColumn(const AttentionTile& tile, const TilePiece& piece, int64_t i) {
  if (tile.window == 0) return 0;
  const int64_t whole = tile.prefix.length + tile.skipped;
  const int64_t unseen = std::max<int64_t>(whole + piece.skipped + piece.before + i + 1 - tile.window, 0);
  return unseen < whole ? unseen - tile.skipped : tile.prefix.length + unseen - whole - piece.skipped;
}

std::vector<AttentionTile> MakeTiles(const SharedPrefixGroup& group, int64_t max_rows, int64_t window) {
  std::vector<AttentionTile> tiles;
  const auto add_segment = [&](const Segment& segment, const Segment& prefix, bool may_join) {
    for (int64_t done = 0; done < segment.length;) {
      if (!may_join || tiles.back().rows == max_rows) tiles.push_back({segment.begin + done, 0, prefix, 0, 0, window, {}});
      may_join = true;
      AttentionTile& tile = tiles.back();
      const int64_t rows = std::min(segment.length - done, max_rows - tile.rows);
      tile.pieces.push_back({segment.begin + done, rows, segment.begin, done, 0});
      tile.rows += rows;
      done += rows;
    }
  };
  add_segment(group.prefix, Segment{group.prefix.begin, 0}, false);
  bool first = true;
  for (const Segment& suffix : group.suffixes) {
    add_segment(suffix, group.prefix, !first);
    first = false;
  }
  for (AttentionTile& tile : tiles) Trim(&tile);
  return tiles;
}

void ForwardTile(const AttentionTile& tile, const HeadForward& head, std::vector<float>& scratch) {
  scratch.resize(std::max<size_t>(scratch.size(), tile.rows * tile.width));
  float* scores = scratch.data();
  ScoreTile(tile, head.q, head.k, head.dim, scores);
  ForEachRow(tile, scores, [&](int64_t row, float* x, const RowColumns& columns) {
    float* seen = x + columns.begin;
    const int64_t count = columns.end - columns.begin;
    const float shift = RowMax(seen, count) * head.scale;
    const float sum = RowExp(seen, count, head.scale, shift);
    const float inverse = 1 / sum;
    for (int64_t i = 0; i < count; ++i) seen[i] *= inverse;
    ZeroUnseen(x, columns);
    head.lse[row] = shift + std::log(sum);
  });
  CombineTile(tile, scores, head.v, head.dim, head.out);
}

void BackwardTile(const AttentionTile& tile, const HeadBackward& head, std::vector<float>& scratch) {
  const int64_t size = tile.rows * tile.width;
  scratch.resize(std::max<size_t>(scratch.size(), 2 * size));
  float* p = scratch.data();
  float* d_p = p + size;
  ScoreTile(tile, head.q, head.k, head.dim, p);
  ScoreTile(tile, head.d_out, head.v, head.dim, d_p);
  ForEachRow(tile, p, [&](int64_t row, float* x, const RowColumns& columns) {
    RowExp(x + columns.begin, columns.end - columns.begin, head.scale, head.lse[row]);
    ZeroUnseen(x, columns);
  });
  ScatterTile(tile, p, head.d_out, head.dim, head.d_v);
  ForEachRow(tile, p, [&](int64_t row, float* x, const RowColumns& columns) {
    const float* d = d_p + (row - tile.row) * tile.width;
    const float mean = RowDot(head.d_out.at(row), head.out.at(row), head.dim);
    RowSoftmaxGradient(x + columns.begin, d + columns.begin, columns.end - columns.begin, mean);
    for (int64_t i = columns.begin; i < columns.end; ++i) x[i] *= head.scale;
  });
  CombineTile(tile, p, head.k, head.dim, head.d_q);
  ScatterTile(tile, p, head.q, head.dim, head.d_k);
}

}  // namespace temper
