// What the kernels use beyond plain CUDA C++: numbers of several types, sums over a warp, asynchronous copies to shared
// memory, and products on tensor cores. The only place with PTX in it. Where these sources are compiled for the host, in
// tests, the same names are there already.
#pragma once
#ifdef __CUDACC__
#include <cuda_fp16.h>

// Shared memory whose size is said at launch.
#define DYN_SHARED(T, name)                                      \
  extern __shared__ __align__(16) unsigned char name##_bytes[];  \
  T* name = reinterpret_cast<T*>(name##_bytes)

// Waits until so many threads, whole warps, have come to a barrier, whose number is 1 to 15: for a part of a block.
__device__ __forceinline__ void sync_some(int barrier, int threads) {
  asm volatile("bar.sync %0, %1;\n" :: "r"(barrier), "r"(threads) : "memory");
}

// Copies 16 (4) bytes from global to shared memory; writes zeros where !ok. Before sm_80 this is done at once.
__device__ __forceinline__ void cp_async16(void* to, const void* from, bool ok) {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;\n"
               :: "r"((unsigned)__cvta_generic_to_shared(to)), "l"(from), "r"(ok ? 16 : 0) : "memory");
#else
  *reinterpret_cast<float4*>(to) = ok ? *reinterpret_cast<const float4*>(from) : make_float4(0, 0, 0, 0);
#endif
}
// The same for what neighbouring blocks, or this one, will soon want again: it stays in the L1 cache.
__device__ __forceinline__ void cp_async16_cached(void* to, const void* from, bool ok) {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.ca.shared.global [%0], [%1], 16, %2;\n"
               :: "r"((unsigned)__cvta_generic_to_shared(to)), "l"(from), "r"(ok ? 16 : 0) : "memory");
#else
  cp_async16(to, from, ok);
#endif
}
__device__ __forceinline__ void cp_async4(void* to, const void* from, bool ok) {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;\n"
               :: "r"((unsigned)__cvta_generic_to_shared(to)), "l"(from), "r"(ok ? 4 : 0) : "memory");
#else
  *reinterpret_cast<float*>(to) = ok ? *reinterpret_cast<const float*>(from) : 0.f;
#endif
}
__device__ __forceinline__ void cp_async_commit() {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.commit_group;\n" ::: "memory");
#endif
}
// Waits for all copies but those of the newest N groups.
template <int N> __device__ __forceinline__ void cp_async_wait() {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.wait_group %0;\n" :: "n"(N) : "memory");
#endif
}

// Rounds to the 10 bits of mantissa that a tensor core looks at, ties away from zero.
__device__ __forceinline__ unsigned to_tf32(float x) { return __float_as_uint(x) + 0x1000; }

// Loads four 8 x 8 matrices of 16-bit numbers; `row` is where row lane % 8 of matrix lane / 8 begins. Register i is
// matrix i's row lane / 4, of that the four bytes at 4 (lane % 4).
__device__ __forceinline__ void ldmatrix_x4(unsigned r[4], const void* row) {
#if __CUDA_ARCH__ >= 750
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];\n"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"((unsigned)__cvta_generic_to_shared(row)) : "memory");
#endif
}
// The same of each matrix transposed: register i is matrix i's column lane / 4, of that rows 2 (lane % 4) and one more.
__device__ __forceinline__ void ldmatrix_x4_transposed(unsigned r[4], const void* row) {
#if __CUDA_ARCH__ >= 750
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];\n"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"((unsigned)__cvta_generic_to_shared(row)) : "memory");
#endif
}
#endif

// c += a b for one warp, a 16 x 8, b 8 x 8, by shuffles: what runs where there are no TF32 tensor cores.
__device__ __forceinline__ void mma_m16n8k8_by_shuffles(float c[4], const unsigned a[4], const unsigned b[2],
                                                        int lane) {
  int g = lane / 4, t = lane % 4;
  for (int k = 0; k < 8; k++) {
    unsigned lo = __shfl_sync(~0u, k < 4 ? a[0] : a[2], g * 4 + k % 4);
    unsigned hi = __shfl_sync(~0u, k < 4 ? a[1] : a[3], g * 4 + k % 4);
    float b0 = __uint_as_float(__shfl_sync(~0u, k < 4 ? b[0] : b[1], 2 * t * 4 + k % 4));
    float b1 = __uint_as_float(__shfl_sync(~0u, k < 4 ? b[0] : b[1], (2 * t + 1) * 4 + k % 4));
    c[0] += __uint_as_float(lo) * b0;
    c[1] += __uint_as_float(lo) * b1;
    c[2] += __uint_as_float(hi) * b0;
    c[3] += __uint_as_float(hi) * b1;
  }
}

#ifdef __CUDACC__
// c += a b on a tensor core. Lane l has g = l / 4 and t = l % 4, and of
//   a (16 x 8): row g + 8 (i & 1), column t + 4 (i >> 1) in register i;
//   b (8 x 8):  row t + 4 i, column g;   c (16 x 8): row g + 8 (i >> 1), column 2 t + (i & 1).
__device__ __forceinline__ void mma_m16n8k8_tf32(float c[4], const unsigned a[4], const unsigned b[2]) {
#if __CUDA_ARCH__ >= 800
  asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};\n"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
  mma_m16n8k8_by_shuffles(c, a, b, threadIdx.x % 32);
#endif
}
// The same with K = 16 in half precision, two neighbours along K in a register:
//   a: row g + 8 (i & 1), columns 2 t + 8 (i >> 1) and one more; b: rows 2 t + 8 i and one more, column g.
__device__ __forceinline__ void mma_m16n8k16_f16(float c[4], const unsigned a[4], const unsigned b[2]) {
#if __CUDA_ARCH__ >= 800
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};\n"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#elif __CUDA_ARCH__ >= 750  // two halves of K
  asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};\n"
               "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%7,%8}, {%9}, {%0,%1,%2,%3};\n"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
               : "r"(a[0]), "r"(a[1]), "r"(b[0]), "r"(a[2]), "r"(a[3]), "r"(b[1]));
#endif
}
#endif

// What numbers of a type are computed and added up in: half precision in single.
template <class T> struct Computed { using type = T; };
template <> struct Computed<__half> { using type = float; };
template <class T> using computed = typename Computed<T>::type;

__device__ __forceinline__ float widen(float x) { return x; }
__device__ __forceinline__ double widen(double x) { return x; }
__device__ __forceinline__ float widen(__half x) { return __half2float(x); }
template <class T> __device__ __forceinline__ T narrow(computed<T> x) { return x; }
template <> __device__ __forceinline__ __half narrow<__half>(float x) { return __float2half_rn(x); }

// Writes two numbers side by side, at an address that two of them divide.
__device__ __forceinline__ void store_pair(float* to, float first, float second) {
  *reinterpret_cast<float2*>(to) = make_float2(first, second);
}
__device__ __forceinline__ void store_pair(__half* to, float first, float second) {
  *reinterpret_cast<__half2*>(to) = __halves2half2(__float2half_rn(first), __float2half_rn(second));
}

// Reads two numbers side by side, at an address that two of them divide.
__device__ __forceinline__ float2 load_pair(const float* from) { return *reinterpret_cast<const float2*>(from); }
__device__ __forceinline__ float2 load_pair(const __half* from) {
  return __half22float2(*reinterpret_cast<const __half2*>(from));
}

// Writes two numbers to places `at`, an even one, and behind it of a row of `count`, as far as it has them. Where count
// is even the row begins at an address that two numbers divide.
template <class T> __device__ __forceinline__ void store_two(T* row, int at, int count, float first, float second) {
  if (at + 1 < count && count % 2 == 0) store_pair(row + at, first, second);
  else {
    if (at < count) row[at] = narrow<T>(first);
    if (at + 1 < count) row[at + 1] = narrow<T>(second);
  }
}

// The sum, and the largest, of a value over the 32 lanes of a warp; every lane gets it, always in the same order.
template <class T> __device__ __forceinline__ T warp_sum(T value) {
  for (int step = 16; step > 0; step >>= 1) value += __shfl_xor_sync(~0u, value, step);
  return value;
}
template <class T> __device__ __forceinline__ T warp_max(T value) {
  for (int step = 16; step > 0; step >>= 1) {
    T other = __shfl_xor_sync(~0u, value, step);
    value = other > value ? other : value;
  }
  return value;
}
