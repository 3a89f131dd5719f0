// A matrix (rows, channels) column by column: sums over the rows, always in the same order, and passes that do the same
// to every number of a channel.
//
// A thread has one channel, or as many side by side as 16 bytes hold (`wide`), and takes every so many rows. Threads along
// x have neighbouring channels, threads along y and blocks along y have rows in turn; blockDim.y is a power of two.
#pragma once
#include "packs.h"

// The first of a thread's channels; there may be no such channel.
template <int N> __device__ __forceinline__ int first_channel() { return (blockIdx.x * blockDim.x + threadIdx.x) * N; }

// Calls use(row, fetch(row)) for each of the thread's rows.
template <class Fetched, class Fetch, class Use>
__device__ __forceinline__ void for_rows(int rows, Fetch fetch, Use use) {
  constexpr int AHEAD = 4;  // rows that it asks memory for before it waits for any of them
  long long step = (long long)gridDim.y * blockDim.y;
  for (long long first = blockIdx.y * blockDim.y + threadIdx.y; first < rows; first += AHEAD * step) {
    Fetched some[AHEAD];
#pragma unroll
    for (int i = 0; i < AHEAD; i++)
      if (first + i * step < rows) some[i] = fetch(first + i * step);
#pragma unroll
    for (int i = 0; i < AHEAD; i++)
      if (first + i * step < rows) use(first + i * step, some[i]);
  }
}

// Adds up the values of the threads that have the same channels, pair by pair; those with threadIdx.y == 0 get the sums.
// The memory holds N numbers for each thread.
template <int N> __device__ __forceinline__ void add_up(double (&values)[N], double* memory) {
  int threads = blockDim.x * blockDim.y;
  double* own = memory + threadIdx.y * blockDim.x + threadIdx.x;
  for (int k = 0; k < N; k++) own[k * threads] = values[k];
  for (int half = blockDim.y / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.y < half)
      for (int k = 0; k < N; k++) own[k * threads] = values[k] += own[k * threads + half * blockDim.x];
  }
}

// Adds up, over the blocks along y, the block's sums of K kinds: writes them to parts[block, kind, channel].
template <int K, int N>
__device__ __forceinline__ void store_parts(double (&sums)[K * N], double* parts, int channels, double* memory) {
  int first = first_channel<N>();
  add_up(sums, memory);
  if (threadIdx.y || first >= channels) return;
  for (int kind = 0; kind < K; kind++)
    for (int k = 0; k < N; k++) parts[((size_t)blockIdx.y * K + kind) * channels + first + k] = sums[kind * N + k];
}

// The sums of a thread's channel over the parts that `slices` blocks have stored; threads with threadIdx.y == 0 get them.
template <int K>
__device__ __forceinline__ void load_parts(double (&sums)[K], const double* parts, int slices, int channels,
                                           double* memory) {
  int c = first_channel<1>();
  if (c < channels)
    for (int slice = threadIdx.y; slice < slices; slice += blockDim.y)
      for (int kind = 0; kind < K; kind++) sums[kind] += parts[((size_t)slice * K + kind) * channels + c];
  add_up(sums, memory);
}
