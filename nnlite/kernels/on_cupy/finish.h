// What is done with the sums of a convolution while they are in registers: what would each be one pass over the map more.
#pragma once
#include "cuda_common.h"

// y = sum + bias [+ residual], or 0 if that is below and it `rectifies`. Pointers may be null.
template <class T> struct Finish {
  const T *bias, *residual;  // a number for each plane; for each number of y
  double* moments;           // (blocks, 2, planes): the sum of each block's numbers without the bias, and of their squares
  long long rectifies;

  // Of plane o, the number at place `at` of y.
  __device__ __forceinline__ T value(computed<T> sum, size_t at, int o) const {
    if (bias) sum += widen(bias[o]);
    if (residual) sum += widen(residual[at]);
    return narrow<T>(rectifies && sum < 0 ? 0 : sum);
  }

  // Of the pixel that begins at place `at` of y, writes the lane's two planes of each 8 from `o` on, as far as there are
  // `planes`; two(j) are their sums. An odd number of planes is only looked for if it may be ODD: code that is long is
  // slow, even where nothing of it runs.
  template <int EIGHTS, bool ODD = false, class Two>
  __device__ __forceinline__ void store(T* y, size_t at, int o, int planes, Two two) const {
    if (ODD && planes % 2) {
#pragma unroll
      for (int i = 0; i < 2 * EIGHTS; i++) {
        const int plane = o + i / 2 * 8 + i % 2;
        if (plane < planes) y[at + plane] = value(two(i / 2)[i % 2], at + plane, plane);
      }
      return;
    }
    constexpr int TOGETHER = EIGHTS > 8 ? 4 : EIGHTS;  // are asked for, and waited for once; registers are few
#pragma unroll
    for (int from = 0; from < EIGHTS; from += TOGETHER) {
      float2 biases[TOGETHER], residuals[TOGETHER];
      fetch_bias(biases, o + from * 8, planes);
      fetch_residual(residuals, at, o + from * 8, planes);
      put(y, at, o + from * 8, planes, biases, residuals, [&](int j) { return two(from + j); });
    }
  }

  // The parts of that, for an even number of planes: asks for what is added to the lane's sums, 0 where that is nothing,
  // and writes them. Nothing is added where it is asked for: whoever adds waits.
  template <int EIGHTS> __device__ __forceinline__ void fetch_bias(float2 (&biases)[EIGHTS], int o, int planes) const {
#pragma unroll
    for (int j = 0; j < EIGHTS; j++) biases[j] = make_float2(0, 0);
    if (bias)
#pragma unroll
      for (int j = 0; j < EIGHTS; j++)
        if (o + j * 8 < planes) biases[j] = make_float2(widen(bias[o + j * 8]), widen(bias[o + j * 8 + 1]));
  }
  template <int EIGHTS>
  __device__ __forceinline__ void fetch_residual(float2 (&residuals)[EIGHTS], size_t at, int o, int planes) const {
#pragma unroll
    for (int j = 0; j < EIGHTS; j++) residuals[j] = make_float2(0, 0);
    if (residual)
#pragma unroll
      for (int j = 0; j < EIGHTS; j++)
        if (o + j * 8 < planes) residuals[j] = load_pair(residual + at + o + j * 8);
  }
  template <int EIGHTS, class Two>
  __device__ __forceinline__ void put(T* y, size_t at, int o, int planes, const float2 (&biases)[EIGHTS],
                                      const float2 (&residuals)[EIGHTS], Two two) const {
    const float least = __int_as_float(rectifies ? 0 : 0xff800000);  // or minus infinity
#pragma unroll
    for (int j = 0; j < EIGHTS; j++) {
      float one = two(j)[0] + (biases[j].x + residuals[j].x), other = two(j)[1] + (biases[j].y + residuals[j].y);
      one = one < least ? least : one, other = other < least ? least : other;  // what is no number stays
      if (o + j * 8 < planes) store_pair(y + at + o + j * 8, one, other);
    }
  }
};

// Of the j-th 8 columns of a matrix whose rows are a warp's pixels, a lane has two neighbours, as products leave them, and
// has added up `sum` and `square` over its rows. Leaves in sums[column] what they all come to, and in sums[columns +
// column] that of the squares.
__device__ __forceinline__ void add_up_lanes(float* sums, int columns, int j, const float (&sum)[2],
                                             const float (&square)[2]) {
  const int lane = threadIdx.x % 32;
  const bool squares = lane & 16, second = lane & 8;
  // Of these four each lane keeps two, then one, and hands on the others.
  float kept[2];
#pragma unroll
  for (int e = 0; e < 2; e++)
    kept[e] = (squares ? square[e] : sum[e]) + __shfl_xor_sync(~0u, squares ? sum[e] : square[e], 16);
  float one = (second ? kept[1] : kept[0]) + __shfl_xor_sync(~0u, second ? kept[0] : kept[1], 8);
  one += __shfl_xor_sync(~0u, one, 4);
  if (!(lane & 4)) sums[squares * columns + j * 8 + lane % 4 * 2 + second] = one;
}

// The same of all columns, of numbers that are at hand: two(r, j) are the lane's of its row r, and is_there(r) says
// whether that is a pixel.
template <int ROWS, int EIGHTS, class Two, class IsThere>
__device__ __forceinline__ void add_up_columns(float* sums, int columns, Two two, IsThere is_there) {
#pragma unroll
  for (int j = 0; j < EIGHTS; j++) {
    float sum[2] = {}, square[2] = {};
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      if (!is_there(r)) continue;
#pragma unroll
      for (int e = 0; e < 2; e++) {
        float x = two(r, j)[e];
        sum[e] += x, square[e] += x * x;
      }
    }
    add_up_lanes(sums, columns, j, sum, square);
  }
}

// Adds up what the warps of a block have left, each [2][columns], in their order, and leaves it as the moments of block
// `number`, of planes from `first` on. All threads come here.
template <int THREADS>
__device__ __forceinline__ void leave_moments(const float* sums, int warps, int columns, double* moments, int number,
                                              int first, int planes) {
  __syncthreads();
  for (int i = threadIdx.x; i < 2 * columns; i += THREADS) {
    double sum = 0;
    for (int warp = 0; warp < warps; warp++) sum += sums[warp * 2 * columns + i];
    int o = first + i % columns;
    if (o < planes) moments[((size_t)number * 2 + i / columns) * planes + o] = sum;
  }
}
