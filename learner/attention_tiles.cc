#include "learner/attention_tiles.h"

#include <algorithm>
#include <cmath>

#include "learner/row_math.h"

// Fortran BLAS of the library LibTorch is built on.
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

// Calls visit(stream row, its scores, number of visible columns, number of columns its piece fills).
template <typename Visit>
void ForEachRow(const AttentionTile& tile, float* scores, const Visit& visit) {
  for (const TilePiece& piece : tile.pieces) {
    const int64_t filled = tile.prefix.length + piece.before + piece.rows;
    for (int64_t i = 0; i < piece.rows; ++i) {
      const int64_t row = piece.row + i;
      visit(row, scores + (row - tile.row) * tile.width, tile.prefix.length + piece.before + i + 1, filled);
    }
  }
}

}  // namespace

std::vector<AttentionTile> MakeTiles(const SharedPrefixGroup& group, int64_t max_rows) {
  std::vector<AttentionTile> tiles;
  const auto add_segment = [&](const Segment& segment, const Segment& prefix, bool may_join) {
    for (int64_t done = 0; done < segment.length;) {
      if (!may_join || tiles.back().rows == max_rows) tiles.push_back({segment.begin + done, 0, prefix, 0, {}});
      may_join = true;
      AttentionTile& tile = tiles.back();
      const int64_t rows = std::min(segment.length - done, max_rows - tile.rows);
      tile.pieces.push_back({segment.begin + done, rows, segment.begin, done});
      tile.rows += rows;
      done += rows;
      tile.width = std::max(tile.width, prefix.length + done);
    }
  };
  add_segment(group.prefix, Segment{group.prefix.begin, 0}, false);
  bool first = true;
  for (const Segment& suffix : group.suffixes) {
    add_segment(suffix, group.prefix, !first);
    first = false;
  }
  return tiles;
}

void ForwardTile(const AttentionTile& tile, const HeadForward& head, std::vector<float>& scratch) {
  scratch.resize(std::max<size_t>(scratch.size(), tile.rows * tile.width));
  float* scores = scratch.data();
  ScoreTile(tile, head.q, head.k, head.dim, scores);
  ForEachRow(tile, scores, [&](int64_t row, float* x, int64_t visible, int64_t filled) {
    const float shift = RowMax(x, visible) * head.scale;
    const float sum = RowExp(x, visible, head.scale, shift);
    const float inverse = 1 / sum;
    for (int64_t i = 0; i < visible; ++i) x[i] *= inverse;
    std::fill(x + visible, x + filled, 0.0f);
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
  ForEachRow(tile, p, [&](int64_t row, float* x, int64_t visible, int64_t filled) {
    RowExp(x, visible, head.scale, head.lse[row]);
    std::fill(x + visible, x + filled, 0.0f);
  });
  ScatterTile(tile, p, head.d_out, head.dim, head.d_v);
  ForEachRow(tile, p, [&](int64_t row, float* x, int64_t visible, int64_t) {
    const float* d = d_p + (row - tile.row) * tile.width;
    const float mean = RowDot(head.d_out.at(row), head.out.at(row), head.dim);
    RowSoftmaxGradient(x, d, visible, mean);
    for (int64_t i = 0; i < visible; ++i) x[i] *= head.scale;
  });
  CombineTile(tile, p, head.k, head.dim, head.d_q);
  ScatterTile(tile, p, head.q, head.dim, head.d_k);
}

}  // namespace temper
