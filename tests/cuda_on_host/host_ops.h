// host_ops.h - the types and intrinsics of CUDA C++ that the kernels use, for host_shim.h.
#pragma once

struct alignas(8) float2 { float x, y; };
struct alignas(16) float4 { float x, y, z, w; };
struct alignas(16) int4 { int x, y, z, w; };
inline float2 make_float2(float x, float y) { return {x, y}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline int4 make_int4(int x, int y, int z, int w) { return {x, y, z, w}; }

#define __shfl_sync(m, x, l) shim::exchange(shim::full(m, x), __LINE__, (l) & 31)
#define __shfl_xor_sync(m, x, d) shim::exchange(shim::full(m, x), __LINE__, shim::cur->lane ^ (d))
#define __shfl_down_sync(m, x, d) shim::exchange(shim::full(m, x), __LINE__, shim::cur->lane + (d) < 32 ? shim::cur->lane + (d) : shim::cur->lane)
#define __ballot_sync(m, p) shim::ballot(shim::full(m, p), __LINE__)
template <class T> T __ldg(const T* p) { return *p; }
template <class T> T atomicAdd(T* p, T v) {
  T old, neu; __atomic_load(p, &old, __ATOMIC_RELAXED);
  do neu = old + v; while (!__atomic_compare_exchange(p, &old, &neu, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  return old;
}
using std::max; using std::min;
inline float rsqrtf(float x) { return 1 / sqrtf(x); }
inline float __expf(float x) { return expf(x); }
template <class T, class F> T shim_bits(F x) { static_assert(sizeof(T) == sizeof(F)); T y; memcpy(&y, &x, sizeof y); return y; }
inline unsigned __float_as_uint(float x) { return shim_bits<unsigned>(x); }
inline float __uint_as_float(unsigned x) { return shim_bits<float>(x); }

struct __half { uint16_t bits; };
struct alignas(4) __half2 { __half x, y; };
inline float __half2float(__half h) {          // exact: by the exponent trick of a scaled float
  unsigned s = (h.bits & 0x8000u) << 16, m = h.bits & 0x7fff;
  float f = m >= 0x7c00 ? __uint_as_float(m << 13 | 0x7f800000) : __uint_as_float(m << 13) * 0x1p112f;
  return __uint_as_float(__float_as_uint(f) | s);
}
inline __half __float2half_rn(float x) {
  unsigned u = __float_as_uint(x), s = u >> 16 & 0x8000; u &= 0x7fffffff;
  if (u > 0x7f800000) return {uint16_t(s | 0x7fff)};                                 // NaN
  if (u >= 0x477ff000) return {uint16_t(s | 0x7c00)};                                // overflow
  if (u < 0x38800000) return {uint16_t(s | (unsigned)std::nearbyint(__uint_as_float(u) * 0x1p24f))};  // subnormal
  return {uint16_t(s | ((u - 0x38000000 + 0xfff + (u >> 13 & 1)) >> 13))};
}

// cp.async lands when it is waited for (mode 0 and 1) or, by chance, at once (mode 2).
inline void shim_land(const shim::Copy& c) { memcpy(c.dst, c.src, c.src_bytes); memset(c.dst + c.src_bytes, 0, c.bytes - c.src_bytes); }
inline void shim_cp_async(void* dst, const void* src, int bytes, bool ok) {
  if ((uintptr_t)dst % bytes || (ok && (uintptr_t)src % bytes)) shim::fail("cp.async: %d bytes, misaligned", bytes);
  TSAN(__tsan_write_range(dst, bytes);)        // it may land from here on
  shim::Copy c{(char*)dst, (const char*)src, bytes, ok ? bytes : 0, shim::cur->groups};
  if (shim::mode == 2 && shim::rnd() & 1) shim_land(c); else shim::cur->copies.push_back(c);
}
inline void cp_async16(void* d, const void* s, bool ok) { shim_cp_async(d, s, 16, ok); }
inline void cp_async4(void* d, const void* s, bool ok) { shim_cp_async(d, s, 4, ok); }
inline void cp_async_commit() { shim::cur->groups++; }
template <int N> void cp_async_wait() {        // all but the newest N groups have landed
  auto& q = shim::cur->copies; size_t n = 0;
  while (n < q.size() && q[n].group < shim::cur->groups - N) shim_land(q[n++]);
  q.erase(q.begin(), q.begin() + n);
}

// mma.sync, with the register layout of the PTX ISA: lane l has g = l / 4, t = l % 4.
//   A (16 x K), register r: row g + 8 (r & 1), columns from CH t + (K / 2)(r >> 1)
//   B (K x 8),  register r: column g, rows from CH t + (K / 2) r;  C: row g + 8 (r >> 1), column 2 t + (r & 1)
// with CH elements in a register (1 for TF32, 2 for fp16).
template <int K, int CH> SHIM_RAW void shim_mma(shim::Lane* t) {
  float A[16][K], B[K][8], D[16][8];
  for (int l = 0; l < 32; l++) for (int e = 0; e < CH; e++) {
    int g = l / 4, q = CH * (l % 4) + e;
    for (int r = 0; r < 4; r++) A[g + 8 * (r & 1)][q + K / 2 * (r >> 1)] = t[l].a[r * CH + e];
    for (int r = 0; r < 2; r++) B[q + K / 2 * r][g] = t[l].b[r * CH + e];
  }
  for (int l = 0; l < 32; l++) for (int r = 0; r < 4; r++) D[l / 4 + 8 * (r >> 1)][2 * (l % 4) + (r & 1)] = t[l].c[r];
  for (int i = 0; i < 16; i++) for (int k = 0; k < K; k++) for (int j = 0; j < 8; j++) D[i][j] += A[i][k] * B[k][j];
  for (int l = 0; l < 32; l++) for (int r = 0; r < 4; r++) t[l].c[r] = D[l / 4 + 8 * (r >> 1)][2 * (l % 4) + (r & 1)];
}
inline unsigned to_tf32(float x) { return __float_as_uint(x) + 0x1000; }   // the hardware does not look at the low 13 bits
SHIM_RAW inline void mma_m16n8k8_tf32(float c[4], const unsigned a[4], const unsigned b[2]) {
  shim::Lane in{};                             // the hardware does not look at the low 13 bits
  for (int i = 0; i < 4; i++) in.a[i] = __uint_as_float(a[i] & ~0x1fffu), in.c[i] = c[i];
  for (int i = 0; i < 2; i++) in.b[i] = __uint_as_float(b[i] & ~0x1fffu);
  const shim::Lane& out = shim::warp_op(in, shim_mma<8, 1>, __LINE__)[shim::cur->lane];
  for (int i = 0; i < 4; i++) c[i] = out.c[i];
}
SHIM_RAW inline void mma_m16n8k16_f16(float c[4], const unsigned a[4], const unsigned b[2]) {
  shim::Lane in{};
  auto half_of = [](unsigned r, int e) { return __half2float(__half{uint16_t(r >> 16 * e)}); };
  for (int i = 0; i < 8; i++) in.a[i] = half_of(a[i / 2], i % 2);
  for (int i = 0; i < 4; i++) in.b[i] = half_of(b[i / 2], i % 2), in.c[i] = c[i];
  const shim::Lane& out = shim::warp_op(in, shim_mma<16, 2>, __LINE__)[shim::cur->lane];
  for (int i = 0; i < 4; i++) c[i] = out.c[i];
}

// ldmatrix: lane l names row l % 8 of matrix l / 8; register i of lane l is matrix i, row l / 4, its 4 bytes at l % 4.
SHIM_RAW inline void ldmatrix_x4(unsigned r[4], const void* row) {
  if ((uintptr_t)row % 16) shim::fail("ldmatrix: row misaligned");
  shim::Lane in{}; memcpy(in.a, row, 16);
  shim::Lane* t = shim::warp_op(in, nullptr, __LINE__);
  for (int i = 0; i < 4; i++) memcpy(&r[i], (char*)t[8 * i + shim::cur->lane / 4].a + 4 * (shim::cur->lane % 4), 4);
}
SHIM_RAW inline void ldmatrix_x4_transposed(unsigned r[4], const void* row) {
  if ((uintptr_t)row % 16) shim::fail("ldmatrix: row misaligned");
  shim::Lane in{}; memcpy(in.a, row, 16);
  shim::Lane* t = shim::warp_op(in, nullptr, __LINE__);
  for (int i = 0; i < 4; i++) for (int h = 0; h < 2; h++)
    memcpy((char*)&r[i] + 2 * h, (char*)t[8 * i + 2 * (shim::cur->lane % 4) + h].a + 2 * (shim::cur->lane / 4), 2);
}
