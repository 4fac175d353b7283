#pragma once

#include <cstdint>
#include <vector>

#include "learner/batch_packing.h"

namespace temper {

// Query rows of one segment: consecutive rows [row, row + rows) of the stream. Row i sees the
// segment's keys [keys, keys + before + i + 1), that is `before` keys ahead of the piece and the
// piece itself causally. With a window it sees only the last of the tile's columns, see
// FirstColumn.
struct TilePiece {
  int64_t row = 0;
  int64_t rows = 0;
  int64_t keys = 0;
  int64_t before = 0;
  int64_t skipped = 0;  // keys of the segment before `keys`, which no row of the piece sees
};

// A block of consecutive query rows that all see one prefix (or none) besides their own segment. Its scores are a matrix of `rows`
// rows and `width` columns: first the prefix, then the own keys.
struct AttentionTile {
  int64_t row = 0;
  int64_t rows = 0;
  Segment prefix;       // as much of it as any row sees
  int64_t skipped = 0;  // tokens of the whole prefix before `prefix`, which no row of the tile sees
  int64_t width = 0;
  int64_t window = 0;  // a row sees itself and the window - 1 tokens before it; 0 = all
  std::vector<TilePiece> pieces;
};

// The tiles of one group, at most `max_rows` query rows each, in stream order.
std::vector<AttentionTile> MakeTiles(const SharedPrefixGroup& group, int64_t max_rows, int64_t window = 0);

// The first of the tile's columns that row i of the piece sees; the last is its own.
int64_t FirstColumn(const AttentionTile& tile, const TilePiece& piece, int64_t i);

// One head of packed tensors: row t starts at data + t * stride and holds `dim` floats.
template <typename T>
struct HeadView {
  T* data = nullptr;
  int64_t stride = 0;
  T* at(int64_t row) const { return data + row * stride; }
};

struct HeadForward {
  HeadView<const float> q, k, v;
  HeadView<float> out;
  float* lse = nullptr;  // [T] of this head: log sum exp of the scaled scores
  int64_t dim = 0;
  float scale = 1;
};
struct HeadBackward {
  HeadView<const float> q, k, v, out, d_out;
  HeadView<float> d_q, d_k, d_v;  // d_q is written, d_k and d_v are added to
  const float* lse = nullptr;
  int64_t dim = 0;
  float scale = 1;
};

// out = softmax(scale q k') v over the visible keys, and lse. `scratch` is grown as needed.
void ForwardTile(const AttentionTile& tile, const HeadForward& head, std::vector<float>& scratch);
// Gradients of the same, with P = exp(scale q k' - lse) recomputed:
//   dV += P' dO,  dS = P (dO V' - rowsum(dO out)) scale,  dQ = dS K,  dK += dS' Q.
void BackwardTile(const AttentionTile& tile, const HeadBackward& head, std::vector<float>& scratch);

}  // namespace temper
