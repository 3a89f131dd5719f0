// A matrix (rows, channels) column by column: sums over the rows, always in the same order, and passes that do the same
// to every number of a channel.
//
// A thread has one channel, or as many side by side as 16 bytes hold (`wide`), and takes every so many rows. Threads
// along x have neighbouring channels, threads along y and blocks along y have rows in turn; blockDim.y is a power of
// two.
#pragma once
#include "packs.h"

// The first of a thread's channels; there may be no such channel.
template <int N> __device__ __forceinline__ int first_channel() { return (blockIdx.x * blockDim.x + threadIdx.x) * N; }

// Calls use(row, fetch(row)) for each of the thread's rows.
template <class Fetched, class Fetch, class Use>
__device__ __forceinline__ void for_rows(int rows, Fetch fetch, Use use) {
  constexpr int AHEAD = sizeof(Fetched) > 16 ? 2 : 4;  // rows that it asks memory for before it waits for any of them
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

// Adds up the values of the threads that have the same channels, pair by pair; those with threadIdx.y == 0 get the
// sums. The memory holds N numbers for each thread.
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

// Adds to K kinds of sums, of N channels each, what blocks have left: the thread takes every so many of the parts.
template <int K, int N>
__device__ __forceinline__ void add_parts(double (&sums)[K * N], const double* parts, int slices, int channels) {
#pragma unroll 4
  for (int slice = threadIdx.y; slice < slices; slice += blockDim.y)
    for (int i = 0; i < K * N; i++)
      sums[i] += parts[((size_t)slice * K + i / N) * channels + first_channel<N>() + i % N];
}

// Whether the block is the last along y to come here: then it sees what the others have written before they came.
__device__ __forceinline__ bool is_last(unsigned* tickets, double* memory) {
  __syncthreads();
  if (threadIdx.x == 0 && threadIdx.y == 0) {
    __threadfence();
    bool last = atomicAdd(tickets + blockIdx.x, 1u) == gridDim.y - 1;
    if (last) tickets[blockIdx.x] = 0;
    memory[0] = last;
    __threadfence();
  }
  __syncthreads();
  bool last = memory[0] != 0;
  __syncthreads();
  return last;
}

// Adds up K kinds of sums for each of the thread's channels, kind by kind, over the block and then over the blocks
// along y, by the one of them that comes last. Which one that is does not matter: the order is that of the blocks. Then
// calls use(channel, its K sums), each channel by a thread of its own: what is read and written there takes a while.
//
// `parts` holds what blocks leave for the last one: (gridDim.y, K, channels). `tickets`, one for each of the blocks
// along x, are 0 before and after.
template <int K, int N, class Use>
__device__ __forceinline__ void add_up_blocks(double (&sums)[K * N], double* parts, unsigned* tickets, int channels,
                                              double* memory, Use use) {
  const int first = first_channel<N>(), width = blockDim.x * N;
  add_up(sums, memory);
  if (gridDim.y > 1) {
    if (threadIdx.y == 0 && first < channels)
      for (int i = 0; i < K * N; i++) parts[((size_t)blockIdx.y * K + i / N) * channels + first + i % N] = sums[i];
    if (!is_last(tickets, memory)) return;
    for (int i = 0; i < K * N; i++) sums[i] = 0;
    if (first < channels) add_parts<K, N>(sums, parts, gridDim.y, channels);
    add_up(sums, memory);
  }
  __syncthreads();
  if (threadIdx.y == 0)
    for (int i = 0; i < K * N; i++) memory[i / N * width + threadIdx.x * N + i % N] = sums[i];
  __syncthreads();
  for (int i = threadIdx.y * blockDim.x + threadIdx.x; i < width; i += blockDim.x * blockDim.y) {
    const int channel = blockIdx.x * width + i;
    double own[K];
    for (int k = 0; k < K; k++) own[k] = memory[k * width + i];
    if (channel < channels) use(channel, own);
  }
}
