#pragma once

#include <cstdint>

namespace temper {

// Loops over one row of floats, compiled for several instruction sets and chosen at run time. Sums are taken in sixteen lanes in a fixed
// order, so a row's result depends on its own values only, never on threads or neighbours.

// Largest of n >= 1 values.
float RowMax(const float* x, int64_t n);
// x_i <- exp(scale x_i - shift), returns the sum. Relative error of exp below 3e-7 for arguments in [-87, 88], clamped there.
float RowExp(float* x, int64_t n, float scale, float shift);
// sum_i x_i y_i
float RowDot(const float* x, const float* y, int64_t n);
// sum_i x_i^2 in double: exact to its rounding for any n
double RowSquares(const float* x, int64_t n);
// p_i <- p_i (d_i - mean): the softmax derivative with p the probabilities, d the gradient by them, mean = sum p d.
void RowSoftmaxGradient(float* p, const float* d, int64_t n, float mean);
// z_i <- exp(z_i - lse) (a + b (z_i - lse))
void RowScoreGradient(float* z, int64_t n, float lse, float a, float b);
// Returns sum_i exp(z_i - shift) and stores sum_i exp(z_i - shift) (z_i - shift) in *weighted: log-sum-exp and entropy of softmax(z).
float RowExpMoments(const float* z, int64_t n, float shift, float* weighted);

}  // namespace temper
