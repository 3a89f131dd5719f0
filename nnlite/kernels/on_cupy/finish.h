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

  // Writes planes o and o + 1, an even and an odd one, of the pixel that begins at place `at` of y, as far as there are
  // `planes`.
  __device__ __forceinline__ void store(T* y, size_t at, int o, int planes, float first, float second) const {
    if (planes % 2 == 0 && o < planes) {
      if (bias) first += widen(bias[o]), second += widen(bias[o + 1]);
      if (residual) {
        float2 two = load_pair(residual + at + o);
        first += two.x, second += two.y;
      }
      if (rectifies) first = first < 0 ? 0 : first, second = second < 0 ? 0 : second;
      store_pair(y + at + o, first, second);
    } else {
      if (o < planes) y[at + o] = value(first, at + o, o);
      if (o + 1 < planes) y[at + o + 1] = value(second, at + o + 1, o + 1);
    }
  }
};

// Of a matrix whose rows are a warp's pixels, a lane has two neighbouring columns of every 8, as products leave them:
// rows `row(lane)` and others, ROWS of them. Leaves in sums[column] what each column adds up to, and in sums[columns +
// column] its squares. two(r, j) are the lane's numbers of row r in the j-th 8 columns, is_there(r) says whether that is
// a pixel.
template <int ROWS, int EIGHTS, class Two, class IsThere>
__device__ __forceinline__ void add_up_columns(float* sums, int columns, Two two, IsThere is_there) {
  const int lane = threadIdx.x % 32;
  const bool squares = lane & 16, second = lane & 8;
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
    // Of these four each lane keeps two, then one, and hands on the others.
    float kept[2];
#pragma unroll
    for (int e = 0; e < 2; e++)
      kept[e] = (squares ? square[e] : sum[e]) + __shfl_xor_sync(~0u, squares ? sum[e] : square[e], 16);
    float one = (second ? kept[1] : kept[0]) + __shfl_xor_sync(~0u, second ? kept[0] : kept[1], 8);
    one += __shfl_xor_sync(~0u, one, 4);
    if (!(lane & 4)) sums[squares * columns + j * 8 + lane % 4 * 2 + second] = one;
  }
}

// Adds up what the warps of a block have left, each [2][columns], in their order, and leaves it as the block's moments,
// of planes from `first` on. All threads come here.
template <int THREADS>
__device__ __forceinline__ void leave_moments(const float* sums, int warps, int columns, double* moments, int first,
                                              int planes) {
  __syncthreads();
  for (int i = threadIdx.x; i < 2 * columns; i += THREADS) {
    double sum = 0;
    for (int warp = 0; warp < warps; warp++) sum += sums[warp * 2 * columns + i];
    int o = first + i % columns;
    if (o < planes) moments[((size_t)blockIdx.x * 2 + i / columns) * planes + o] = sum;
  }
}
