// The types and intrinsics of CUDA C++ that the kernels use, for the host. Included by host_shim.h.
#pragma once

// Vectors, aligned as on a GPU.
#define SHIM_VECTOR2(type, name, bytes)                   \
  struct alignas(bytes) name { type x, y; };              \
  inline name make_##name(type x, type y) { return {x, y}; }
#define SHIM_VECTOR4(type, name, bytes)                   \
  struct alignas(bytes) name { type x, y, z, w; };        \
  inline name make_##name(type x, type y, type z, type w) { return {x, y, z, w}; }
SHIM_VECTOR2(float, float2, 8)
SHIM_VECTOR2(double, double2, 16)
SHIM_VECTOR2(int, int2, 8)
SHIM_VECTOR2(unsigned, uint2, 8)
SHIM_VECTOR4(float, float4, 16)
SHIM_VECTOR4(int, int4, 16)
SHIM_VECTOR4(unsigned, uint4, 16)
SHIM_VECTOR4(unsigned char, uchar4, 4)
SHIM_VECTOR4(unsigned short, ushort4, 8)

// Numbers. The smaller and the larger of two floating-point numbers are the other one where one is NaN, as on a GPU.
template <class A, class B> auto max(A a, B b) {
  using C = std::common_type_t<A, B>;
  if constexpr (std::is_floating_point_v<C>) return C(fmax(C(a), C(b)));
  else return C(a) > C(b) ? C(a) : C(b);
}
template <class A, class B> auto min(A a, B b) {
  using C = std::common_type_t<A, B>;
  if constexpr (std::is_floating_point_v<C>) return C(fmin(C(a), C(b)));
  else return C(a) < C(b) ? C(a) : C(b);
}
inline float rsqrtf(float x) { return 1 / sqrtf(x); }
inline double rsqrt(double x) { return 1 / sqrt(x); }
inline float rsqrt(float x) { return rsqrtf(x); }
inline float __expf(float x) { return expf(x); }
inline float __logf(float x) { return logf(x); }
inline float __fdividef(float x, float y) { return x / y; }
inline float __saturatef(float x) { return fminf(fmaxf(x, 0), 1); }
inline void sincospif(float x, float* s, float* c) { *s = sin(M_PI * x), *c = cos(M_PI * x); }
inline void sincospi(double x, double* s, double* c) { *s = sin(M_PI * x), *c = cos(M_PI * x); }
inline float cospif(float x) { return cos(M_PI * x); }
inline float sinpif(float x) { return sin(M_PI * x); }
// Rounded each for itself: a GPU's compiler makes no multiply-add of these.
inline float __fadd_rn(float x, float y) { return x + y; }
inline float __fsub_rn(float x, float y) { return x - y; }
inline float __fmul_rn(float x, float y) { return x * y; }
inline float __fdiv_rn(float x, float y) { return x / y; }
inline float __frcp_rn(float x) { return 1 / x; }
inline float __fsqrt_rn(float x) { return sqrtf(x); }
inline float __fmaf_rn(float x, float y, float z) { return fmaf(x, y, z); }
inline double __dadd_rn(double x, double y) { return x + y; }
inline double __dsub_rn(double x, double y) { return x - y; }
inline double __dmul_rn(double x, double y) { return x * y; }
inline double __ddiv_rn(double x, double y) { return x / y; }
inline double __dsqrt_rn(double x) { return sqrt(x); }
inline double __fma_rn(double x, double y, double z) { return fma(x, y, z); }
inline unsigned __umulhi(unsigned x, unsigned y) { return uint64_t(x) * y >> 32; }
inline int __mulhi(int x, int y) { return int64_t(x) * y >> 32; }
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __clz(int x) { return x ? __builtin_clz(x) : 32; }
inline int __ffs(int x) { return __builtin_ffs(x); }

// Bits.
template <class T, class F> T shim_bits(F x) {
  static_assert(sizeof(T) == sizeof(F));
  T y;
  memcpy(&y, &x, sizeof y);
  return y;
}
inline unsigned __float_as_uint(float x) { return shim_bits<unsigned>(x); }
inline float __uint_as_float(unsigned x) { return shim_bits<float>(x); }
inline int __float_as_int(float x) { return shim_bits<int>(x); }
inline float __int_as_float(int x) { return shim_bits<float>(x); }
inline long long __double_as_longlong(double x) { return shim_bits<long long>(x); }
inline double __longlong_as_double(long long x) { return shim_bits<double>(x); }
inline double __hiloint2double(int high, int low) {
  return shim_bits<double>(uint64_t(unsigned(high)) << 32 | unsigned(low));
}

// Half precision: 1 bit of sign, 5 of exponent, 10 of mantissa.
struct __half { uint16_t bits; };
struct alignas(4) __half2 { __half x, y; };
using half = __half;
using half2 = __half2;

inline float __half2float(__half h) {
  const unsigned sign = (h.bits & 0x8000u) << 16, rest = h.bits & 0x7fff;
  if (rest >= 0x7c00) return __uint_as_float(sign | 0x7f800000 | rest << 13);  // infinite, or no number
  const float scaled = __uint_as_float(rest << 13);  // too small by 2 to the 127 - 15, exactly
  return __uint_as_float(__float_as_uint(scaled * 0x1p112f) | sign);
}
inline __half __float2half_rn(float x) {
  const unsigned bits = __float_as_uint(x), sign = bits >> 16 & 0x8000, rest = bits & 0x7fffffff;
  if (rest > 0x7f800000) return {0x7fff};                           // no number
  if (rest >= 0x477ff000) return {uint16_t(sign | 0x7c00)};         // 65520 and more round to infinity
  if (rest < 0x38800000)                                            // subnormal: multiples of 2 to the -24
    return {uint16_t(sign | unsigned(nearbyintf(__uint_as_float(rest) * 0x1p24f)))};
  const unsigned to_even = 0xfff + (rest >> 13 & 1);
  return {uint16_t(sign | (rest - (112u << 23) + to_even) >> 13)};  // the exponent counts from 15, not 127
}
inline __half __float2half(float x) { return __float2half_rn(x); }
inline __half __ushort_as_half(unsigned short bits) { return {bits}; }
inline unsigned short __half_as_ushort(__half h) { return h.bits; }
inline __half2 __halves2half2(__half x, __half y) { return {x, y}; }
inline __half __low2half(__half2 h) { return h.x; }
inline __half __high2half(__half2 h) { return h.y; }
inline float __low2float(__half2 h) { return __half2float(h.x); }
inline float __high2float(__half2 h) { return __half2float(h.y); }
inline float2 __half22float2(__half2 h) { return {__half2float(h.x), __half2float(h.y)}; }
inline __half2 __floats2half2_rn(float x, float y) { return {__float2half_rn(x), __float2half_rn(y)}; }
inline __half2 __float22half2_rn(float2 f) { return __floats2half2_rn(f.x, f.y); }

// Memory.
template <class T> T __ldg(const T* p) { return *p; }
template <class T> T __ldcs(const T* p) { return *p; }
template <class T> void __stcs(T* p, T x) { *p = x; }
template <class T> T atomicAdd(T* p, T x) {  // one thread of the host runs at a time
  T before = *p;
  *p = before + x;
  return before;
}

// Operations of a warp; all 32 lanes take part.
namespace shim {
inline void all_lanes(unsigned mask) {
  if (mask != ~0u) fail("an operation of the lanes %#x: only of a full warp is it known here", mask);
}
template <class T> T exchange(unsigned mask, T x, int from, int line) {
  static_assert(sizeof x <= sizeof(Lane::value));
  all_lanes(mask);
  memcpy(&my_place().value, &x, sizeof x);
  Lane* table = join(nullptr, line);
  memcpy(&x, &table[from].value, sizeof x);
  return x;
}
inline unsigned ballot(unsigned mask, bool vote, int line) {
  all_lanes(mask);
  my_place().value = vote;
  Lane* table = join(nullptr, line);
  unsigned votes = 0;
  for (int lane = 0; lane < 32; lane++) votes |= unsigned(table[lane].value) << lane;
  return votes;
}
inline int below(int lane) { return lane < 32 ? lane : current->lane; }
inline int above(int lane) { return lane >= 0 ? lane : current->lane; }
}  // namespace shim
#define __shfl_sync(mask, x, lane) shim::exchange(mask, x, (lane) & 31, __LINE__)
#define __shfl_xor_sync(mask, x, flip) shim::exchange(mask, x, (shim::current->lane ^ (flip)) & 31, __LINE__)
#define __shfl_down_sync(mask, x, step) shim::exchange(mask, x, shim::below(shim::current->lane + (step)), __LINE__)
#define __shfl_up_sync(mask, x, step) shim::exchange(mask, x, shim::above(shim::current->lane - (step)), __LINE__)
#define __ballot_sync(mask, vote) shim::ballot(mask, vote, __LINE__)
#define __any_sync(mask, vote) (shim::ballot(mask, vote, __LINE__) != 0)
#define __all_sync(mask, vote) (shim::ballot(mask, vote, __LINE__) == ~0u)

// What cuda_common.h has in PTX.
inline void cp_async16(void* to, const void* from, bool ok) { shim::copy_async(to, from, 16, ok); }
inline void cp_async16_cached(void* to, const void* from, bool ok) { cp_async16(to, from, ok); }
inline void cp_async4(void* to, const void* from, bool ok) { shim::copy_async(to, from, 4, ok); }
inline void cp_async_commit() { shim::commit_copies(); }
template <int N> void cp_async_wait() { shim::wait_for_copies(N); }

// c += a b of a warp, a 16 x K, b K x 8. As the PTX ISA lays it out, lane l has, with g = l / 4 and t = l % 4 and with
// `many` neighbours along K in a register (1 of TF32, 2 of half precision):
//   a, register r: row g + 8 (r & 1), columns from many t + (K / 2) (r >> 1);
//   b, register r: column g, rows from many t + (K / 2) r;
//   c, register r: row g + 8 (r >> 1), column 2 t + (r & 1).
template <int K, int many> void shim_mma(shim::Lane* table) {
  float a[16][K], b[K][8];
  for (int lane = 0; lane < 32; lane++) {
    const int g = lane / 4, t = lane % 4;
    for (int i = 0; i < many; i++) {
      for (int r = 0; r < 4; r++) a[g + 8 * (r & 1)][many * t + i + K / 2 * (r >> 1)] = table[lane].a[r * many + i];
      for (int r = 0; r < 2; r++) b[many * t + i + K / 2 * r][g] = table[lane].b[r * many + i];
    }
  }
  for (int lane = 0; lane < 32; lane++) {
    for (int r = 0; r < 4; r++) {
      const int row = lane / 4 + 8 * (r >> 1), column = 2 * (lane % 4) + (r & 1);
      for (int k = 0; k < K; k++) table[lane].c[r] += a[row][k] * b[k][column];
    }
  }
}
inline unsigned to_tf32(float x) { return __float_as_uint(x) + 0x1000; }
inline void mma_m16n8k8_tf32(float c[4], const unsigned a[4], const unsigned b[2]) {
  auto seen = [](unsigned bits) { return __uint_as_float(bits & ~0x1fffu); };  // a tensor core ignores the low 13 bits
  shim::Lane& mine = shim::my_place();
  for (int i = 0; i < 4; i++) mine.a[i] = seen(a[i]), mine.c[i] = c[i];
  for (int i = 0; i < 2; i++) mine.b[i] = seen(b[i]);
  const shim::Lane& sum = shim::join(shim_mma<8, 1>, __LINE__)[shim::current->lane];
  for (int i = 0; i < 4; i++) c[i] = sum.c[i];
}
inline void mma_m16n8k16_f16(float c[4], const unsigned a[4], const unsigned b[2]) {
  auto half_of = [](unsigned two, int which) { return __half2float(__half{uint16_t(two >> 16 * which)}); };
  shim::Lane& mine = shim::my_place();
  for (int i = 0; i < 8; i++) mine.a[i] = half_of(a[i / 2], i % 2);
  for (int i = 0; i < 4; i++) mine.b[i] = half_of(b[i / 2], i % 2), mine.c[i] = c[i];
  const shim::Lane& sum = shim::join(shim_mma<16, 2>, __LINE__)[shim::current->lane];
  for (int i = 0; i < 4; i++) c[i] = sum.c[i];
}

// Four 8 x 8 matrices of 16-bit numbers: lane l names row l % 8 of matrix l / 8, and gets in register i of matrix i row
// l / 4, there the two numbers from column 2 (l % 4); transposed: column l / 4, the two from row 2 (l % 4).
inline const uint16_t* shim_row(const shim::Lane* table, int matrix, int row) {
  return reinterpret_cast<const uint16_t*>(table[8 * matrix + row].a);
}
inline shim::Lane* shim_lay_row(const void* row, int line) {
  if (uintptr_t(row) % 16) shim::fail("ldmatrix: the row at %p is misaligned", row);
  memcpy(shim::my_place().a, row, 16);
  return shim::join(nullptr, line);
}
inline void ldmatrix_x4(unsigned r[4], const void* row) {
  const shim::Lane* table = shim_lay_row(row, __LINE__);
  const int g = shim::current->lane / 4, t = shim::current->lane % 4;
  for (int i = 0; i < 4; i++) r[i] = shim_row(table, i, g)[2 * t] | shim_row(table, i, g)[2 * t + 1] << 16;
}
inline void ldmatrix_x4_transposed(unsigned r[4], const void* row) {
  const shim::Lane* table = shim_lay_row(row, __LINE__);
  const int g = shim::current->lane / 4, t = shim::current->lane % 4;
  for (int i = 0; i < 4; i++) r[i] = shim_row(table, i, 2 * t)[g] | shim_row(table, i, 2 * t + 1)[g] << 16;
}
