// Weights (outputs, planes, taps) as kernels want them, and their gradients as these leave them: taps and planes change
// places. 32 runs of taps at a time go through shared memory, so that neighbours are read and written together.
#pragma once
#include "implicit.h"
#include "packs.h"

// Of `count` runs of numbers that lie `apart`, each one of the taps, the number threadIdx.y of run threadIdx.x. Blocks
// have 32 x taps threads.
template <class T>
__device__ __forceinline__ T taken_from_runs(const T* from, int count, size_t apart, int taps) {
  __shared__ T tile[32][MAX_TAPS + 1];
  const int i = threadIdx.y * 32 + threadIdx.x, run = i / taps;
  if (run < count) tile[run][i % taps] = from[run * apart + i % taps];
  __syncthreads();
  return tile[threadIdx.x][threadIdx.y];
}

// packed[o, t, c] = w[o, c, t], or with BACK packed[c, t, o], or TURNED packed[c, the last tap - t, o], with which a
// convolution's gradInput is a convolution. What tensor cores do not look at rounds.
template <class T, bool BACK, bool TURNED>
__global__ void pack_weight(const T* w, T* packed, int O, int C, int taps) {
  const int outer = blockIdx.x, first = blockIdx.y * 32, inner = first + threadIdx.x, count = BACK ? O : C;
  const size_t apart = BACK ? (size_t)C * taps : taps;
  T value = taken_from_runs(w + first * apart + outer * (BACK ? taps : (size_t)C * taps), count - first, apart, taps);
  if (inner >= count) return;
  if constexpr (sizeof(T) == 4) value = __uint_as_float(to_tf32(value) & ~0x1fffu);
  int t = TURNED ? taps - 1 - threadIdx.y : threadIdx.y;
  packed[((size_t)outer * taps + t) * count + inner] = value;
}

// padded[row] = the `planes` numbers of x[row], fewer than 16 bytes hold, and zeros: with these a row is copied at once.
template <class T> __global__ void pad_planes(const T* x, T* padded, long long rows, int planes) {
  constexpr int N = 16 / sizeof(T);
  const long long row = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  if (row >= rows) return;
  Pack<T, N> pack;
#pragma unroll
  for (int k = 0; k < N; k++) pack.at[k] = k < planes ? x[row * planes + k] : narrow<T>(0);
  store<N>(padded + row * N, pack);
}

// gradWeight[o, c, t] += scale * (part[0, o, (t, c)] + part[1, ..] + ...). Threads along y have slices in turn, and what
// they come to is added up in their order.
template <class T>
__global__ void add_slices(const float* part, T* gradWeight, int O, int C, int taps, int slices, double scale) {
  __shared__ float sums[512];
  const int i = blockIdx.x * blockDim.x + threadIdx.x, K = C * taps, size = O * K;
  const int o = i / K, t = i % K / C, c = i % C;
  T* to = gradWeight + ((size_t)o * C + c) * taps + t;
  const bool adds = threadIdx.y == 0 && i < size;
  const T before = adds ? *to : narrow<T>(0);  // is on its way while the slices are
  float sum = 0;
  if (i < size)
#pragma unroll 8
    for (int z = threadIdx.y; z < slices; z += blockDim.y) sum += part[(size_t)z * size + i];
  sums[threadIdx.y * blockDim.x + threadIdx.x] = sum;
  __syncthreads();
  if (!adds) return;
  for (int y = 1; y < blockDim.y; y++) sum += sums[y * blockDim.x + threadIdx.x];
  *to = narrow<T>(widen(before) + (float)scale * sum);
}

// gradWeight[o, c, t] += scale * (part[0, (t, c), o] + part[1, ..] + ...), slice after slice. Blocks have 32 x taps
// threads.
template <class T>
__global__ void add_turned_slices(const float* part, T* gradWeight, int O, int C, int taps, int slices, double scale) {
  __shared__ float tile[32][MAX_TAPS + 1];
  const int c = blockIdx.x, first = blockIdx.y * 32, o = first + threadIdx.x;
  float sum = 0;
  if (o < O)
#pragma unroll 8
    for (int z = 0; z < slices; z++) sum += part[(((size_t)z * taps + threadIdx.y) * C + c) * O + o];
  tile[threadIdx.x][threadIdx.y] = sum;
  __syncthreads();
  const int i = threadIdx.y * 32 + threadIdx.x, run = i / taps;
  if (first + run >= O) return;
  T* to = gradWeight + ((size_t)(first + run) * C + c) * taps + i % taps;
  *to = narrow<T>(widen(*to) + (float)scale * tile[run][i % taps]);
}
