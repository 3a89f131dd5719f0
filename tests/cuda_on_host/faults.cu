// Small kernels with and without faults, for test_host_module.py. Those with (x, y) are given 64 numbers and one block
// of 64 threads, and reverse the numbers if nothing is wrong with them.
#include "cuda_common.h"

#define REVERSED(a) y[threadIdx.x] = a[63 - threadIdx.x]

__global__ void intact(const float* x, float* y) {
  __shared__ float a[64];
  a[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  REVERSED(a);
}
template <class T> __global__ void intact_template(const T* x, T* y) {
  __shared__ T a[2][32];
  a[threadIdx.x / 32][threadIdx.x % 32] = x[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = a[1 - threadIdx.x / 32][31 - threadIdx.x % 32];
}
__global__ void intact_dynamic(const float* x, float* y) {
  DYN_SHARED(float, a);
  a[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  REVERSED(a);
}
__global__ void intact_copies(const float* x, float* y) {
  __shared__ float a[64];
  cp_async4(&a[threadIdx.x], &x[threadIdx.x], true);
  cp_async_commit();
  cp_async_wait<0>();
  __syncthreads();
  REVERSED(a);
}
__global__ void intact_rounds(const float* x, float* y) {
  __shared__ float a[64];
  float sum = 0;
  for (int round = 0; round < 3; round++) {
    a[threadIdx.x] = x[threadIdx.x] * round;
    __syncthreads();
    sum += a[63 - threadIdx.x];
    __syncthreads();
  }
  y[threadIdx.x] = sum / 3;
}
__global__ void intact_warp(const float* x, float* y) {
  float other = __shfl_xor_sync(~0u, x[threadIdx.x], 31);
  __shared__ float a[64];
  a[threadIdx.x] = other;
  __syncthreads();
  y[threadIdx.x] = a[threadIdx.x ^ 32];
}

__global__ void intact_barriers_of_some(const float* x, float* y) {
  __shared__ float a[64];
  for (int round = 0; round < 3; round++) {
    a[threadIdx.x] = round * x[threadIdx.x];
    sync_some(1 + threadIdx.x / 32, 32);
    float other = a[threadIdx.x ^ 31];
    sync_some(1 + threadIdx.x / 32, 32);
    a[threadIdx.x ^ 31] = other;
    sync_some(1 + threadIdx.x / 32, 32);
  }
  __syncthreads();
  y[threadIdx.x] = a[63 - threadIdx.x] / 2;
}

// Barriers.
__global__ void barrier_of_the_wrong_threads(const float* x, float* y) {
  __shared__ float a[64];
  a[threadIdx.x] = x[threadIdx.x];
  sync_some(1 + threadIdx.x / 32, 32);
  REVERSED(a);
}
__global__ void barrier_of_too_many(const float* x, float* y) {
  if (threadIdx.x < 32) sync_some(1, 64);
  y[threadIdx.x] = x[63 - threadIdx.x];
}
__global__ void no_barrier(const float* x, float* y) {
  __shared__ float a[64];
  a[threadIdx.x] = x[threadIdx.x];
  REVERSED(a);
}
__global__ void no_second_barrier(const float* x, float* y) {
  __shared__ float a[64];
  float sum = 0;
  for (int round = 0; round < 3; round++) {
    a[threadIdx.x] = x[threadIdx.x] * round;
    __syncthreads();
    sum += a[63 - threadIdx.x];
  }
  y[threadIdx.x] = sum / 3;
}
__global__ void warp_barrier_for_the_block(const float* x, float* y) {
  __shared__ float a[64];
  a[threadIdx.x] = x[threadIdx.x];
  __syncwarp();
  REVERSED(a);
}
__global__ void return_before_the_barrier(const float* x, float* y) {
  __shared__ float a[64];
  if (threadIdx.x == 5) return;
  a[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  REVERSED(a);
}
__global__ void two_barriers(const float* x, float* y) {
  __shared__ float a[64];
  a[threadIdx.x] = x[threadIdx.x];
  if (threadIdx.x < 32) {
    __syncthreads();
  } else {
    __syncthreads();
  }
  REVERSED(a);
}
__global__ void shuffle_of_some(const float* x, float* y) {
  y[63 - threadIdx.x] = threadIdx.x < 8 ? __shfl_sync(~0u, x[threadIdx.x], threadIdx.x) : x[threadIdx.x];
}
__global__ void shuffle_of_a_part(const float* x, float* y) {
  y[63 - threadIdx.x] = __shfl_sync(0xffu, x[threadIdx.x], threadIdx.x % 32);
}
__global__ void two_shuffles(const float* x, float* y) {
  float mine = x[threadIdx.x];
  if (threadIdx.x % 2) {
    mine = __shfl_sync(~0u, mine, threadIdx.x % 32);
  } else {
    mine = __shfl_sync(~0u, mine, threadIdx.x % 32);
  }
  y[63 - threadIdx.x] = mine;
}

// Memory.
__global__ void reads_behind(const float* x, float* y) {
  y[63 - threadIdx.x] = x[threadIdx.x] + 0 * x[threadIdx.x + 1];
}
__global__ void reads_before(const float* x, float* y) {
  y[63 - threadIdx.x] = x[threadIdx.x] + 0 * x[(int)threadIdx.x - 1];
}
__global__ void writes_behind(const float* x, float* y) {
  y[64] = 0;
  REVERSED(x);
}
__global__ void writes_before(const float* x, float* y) {
  y[-1] = 0;
  REVERSED(x);
}
__global__ void leaves_some(const float* x, float* y) {
  if (threadIdx.x) REVERSED(x);
}
__global__ void misaligned(const float* x, float* y) {
  float4 four = *reinterpret_cast<const float4*>(x + 1);
  REVERSED(x) + 0 * four.x;
}
__global__ void misaligned_half(const float* x, float* y) {
  REVERSED(x) + 0 * *reinterpret_cast<const float*>(reinterpret_cast<const char*>(x) + 2);
}
__global__ void no_memory(const float* x, float* y) { REVERSED(x) + 0 * x[1ll << 40]; }
__global__ void no_pointer(const float* x, float* y) {
  const float* nowhere = x[0] == 1 ? nullptr : x;
  REVERSED(x) + 0 * *nowhere;
}
__global__ void divides_by_zero(const float* x, float* y) {
  int zero = x[0] - 1;
  y[threadIdx.x] = x[63 - threadIdx.x + 64 / zero];
}
__global__ void much_local_memory(const float* x, float* y) {
  volatile float local[50000];
  local[threadIdx.x] = 0;
  REVERSED(x) + local[threadIdx.x];
}

// Shared memory.
__global__ void unwritten(const float* x, float* y) {
  __shared__ float a[64];
  if (x[threadIdx.x] < 0) a[threadIdx.x] = 0;
  REVERSED(x) + 0 * a[threadIdx.x];
}
template <class T> __global__ void unwritten_template(const T* x, T* y) {
  __shared__ T a[64];
  if (x[threadIdx.x] < 0) a[threadIdx.x] = 0;
  REVERSED(x) + 0 * a[threadIdx.x];
}
__global__ void unwritten_dynamic(const float* x, float* y) {
  DYN_SHARED(float, a);
  REVERSED(x) + 0 * a[threadIdx.x];
}
__global__ void array_too_small(const float* x, float* y) {
  __shared__ float a[63];
  a[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  REVERSED(a);
}
__global__ void writes_before_dynamic(const float* x, float* y) {
  DYN_SHARED(float, a);
  a[-1] = 0;
  REVERSED(x);
}

// Asynchronous copies.
__global__ void copies_without_a_wait(const float* x, float* y) {
  __shared__ float a[64];
  cp_async4(&a[threadIdx.x], &x[threadIdx.x], true);
  cp_async_commit();
  __syncthreads();
  REVERSED(a);
  cp_async_wait<0>();
}
__global__ void copies_waited_for_but_the_last(const float* x, float* y) {
  __shared__ float a[64], b[64];
  cp_async4(&b[threadIdx.x], &x[threadIdx.x], true);
  cp_async_commit();
  cp_async4(&a[threadIdx.x], &x[threadIdx.x], true);
  cp_async_commit();
  cp_async_wait<1>();
  __syncthreads();
  REVERSED(a) + 0 * b[threadIdx.x];
  cp_async_wait<0>();
}
__global__ void copies_over_what_is_read(const float* x, float* y) {
  __shared__ float a[64];
  a[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  cp_async4(&a[threadIdx.x], &x[63 - threadIdx.x], true);
  cp_async_commit();
  REVERSED(a);
  __syncthreads();
  cp_async_wait<0>();
}
__global__ void copies_that_nobody_waits_for(const float* x, float* y) {
  __shared__ float a[64];
  cp_async4(&a[threadIdx.x], &x[threadIdx.x], true);
  cp_async_commit();
  REVERSED(x);
}
__global__ void copies_misaligned(const float* x, float* y) {
  __shared__ float4 a[64];
  cp_async16(&a[threadIdx.x], &x[1], true);
  cp_async_commit();
  cp_async_wait<0>();
  REVERSED(x);
}

// What the types and intrinsics are to do.
__global__ void half_to_float(const __half* x, float* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = __half2float(x[i]);
}
__global__ void float_to_half(const float* x, __half* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = __float2half_rn(x[i]);
}
__global__ void extremes(const float* x, const float* y, float* larger, float* smaller) {
  larger[threadIdx.x] = max(x[threadIdx.x], y[threadIdx.x]);
  smaller[threadIdx.x] = min(x[threadIdx.x], y[threadIdx.x]);
}
__global__ void warp_operations(const int* x, int* y, int distance) {
  int lane = threadIdx.x;
  int mine = x[lane];
  int results[] = {__shfl_sync(~0u, mine, distance), __shfl_xor_sync(~0u, mine, distance),
                   __shfl_down_sync(~0u, mine, distance), __shfl_up_sync(~0u, mine, distance),
                   (int)__ballot_sync(~0u, mine % 3 == 0), __any_sync(~0u, mine == 5), __all_sync(~0u, mine >= 0)};
  for (int i = 0; i < 7; i++) y[i * 32 + lane] = results[i];
}
__global__ void places(int* y) {
  int block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  int thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  y[block * blockDim.x * blockDim.y * blockDim.z + thread] += 1 + thread + 1000 * block;
}
__global__ void takes(int i, long long l, double d, const float* p, int* y) { *y = i + l + d + (p == nullptr); }

// c += a b as cuda_common.h lays out its fragments.
__device__ void load_and_store(float* c, float (&registers)[4], bool store) {
  int g = threadIdx.x / 4, t = threadIdx.x % 4;
  for (int i = 0; i < 4; i++) {
    float& element = c[(g + 8 * (i >> 1)) * 8 + 2 * t + (i & 1)];
    store ? element = registers[i] : registers[i] = element;
  }
}
template <bool by_shuffles> __global__ void tf32_product(const float* a, const float* b, float* c) {
  int g = threadIdx.x / 4, t = threadIdx.x % 4;
  unsigned left[4], right[2];
  float sum[4];
  for (int i = 0; i < 4; i++) left[i] = to_tf32(a[(g + 8 * (i & 1)) * 8 + t + 4 * (i >> 1)]);
  for (int i = 0; i < 2; i++) right[i] = to_tf32(b[(t + 4 * i) * 8 + g]);
  load_and_store(c, sum, false);
  if (by_shuffles) {
    mma_m16n8k8_by_shuffles(sum, left, right, threadIdx.x);
  } else {
    mma_m16n8k8_tf32(sum, left, right);
  }
  load_and_store(c, sum, true);
}
__global__ void half_product(const unsigned short* a, const unsigned short* b, float* c) {
  int g = threadIdx.x / 4, t = threadIdx.x % 4;
  unsigned left[4], right[2];
  float sum[4];
  for (int i = 0; i < 4; i++) {
    const unsigned short* two = a + (g + 8 * (i & 1)) * 16 + 2 * t + 8 * (i >> 1);
    left[i] = two[0] | two[1] << 16;
  }
  for (int i = 0; i < 2; i++) {
    const unsigned short* two = b + (2 * t + 8 * i) * 8 + g;
    right[i] = two[0] | two[8] << 16;
  }
  load_and_store(c, sum, false);
  mma_m16n8k16_f16(sum, left, right);
  load_and_store(c, sum, true);
}
__global__ void matrices(const unsigned short* x, unsigned* straight, unsigned* transposed) {
  __shared__ __align__(16) unsigned short rows[32][8];
  for (int i = 0; i < 8; i++) rows[threadIdx.x][i] = x[threadIdx.x * 8 + i];
  __syncthreads();
  unsigned registers[4];
  ldmatrix_x4(registers, rows[threadIdx.x]);
  for (int i = 0; i < 4; i++) straight[threadIdx.x * 4 + i] = registers[i];
  ldmatrix_x4_transposed(registers, rows[threadIdx.x]);
  for (int i = 0; i < 4; i++) transposed[threadIdx.x * 4 + i] = registers[i];
}
