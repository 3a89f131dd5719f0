// Convolution of images as an implicit matrix product on tensor cores: the columns of im2col are never written; each
// block copies the pieces that it multiplies straight from the map into shared memory.
//
// T is float, whose products are of TF32 (10 bits of mantissa), or __half; sums are float.
#include "finish.h"
#include "weights.h"

template <class T> struct Product;
template <> struct Product<float> {
  static __device__ __forceinline__ void multiply(float c[4], const unsigned a[4], const unsigned b[2]) {
    mma_m16n8k8_tf32(c, a, b);
  }
  static __device__ __forceinline__ unsigned rounded(unsigned x) { return to_tf32(__uint_as_float(x)); }
};
template <> struct Product<__half> {
  static __device__ __forceinline__ void multiply(float c[4], const unsigned a[4], const unsigned b[2]) {
    mma_m16n8k16_f16(c, a, b);
  }
  static __device__ __forceinline__ unsigned rounded(unsigned x) { return x; }
};

// y[m, o] = the sum over taps t and planes c of x[pixel(m) + t, c] w[o, t, c], finished.
// BACK: x is gradOutput, y gradInput, O and C of the forward pass are exchanged, and so they are in w.
//
// A block makes BM x BN of y, a warp WM x WN; BK is how many products are added up from one stage of shared memory, of
// which there are STAGES, all but one on their way. VEC numbers are copied at a time. WHOLE: BK divides C, so that a
// stage is of one tap, and the taps of some planes come one after the other: what they share is still in the L1 cache.
template <class T, int BM, int BN, int BK, int WM, int WN, int STAGES, int VEC, bool WHOLE, bool BACK>
__global__ void __launch_bounds__(BM / WM * (BN / WN) * 32)
conv_gemm(const T* __restrict__ x, const T* __restrict__ w, T* __restrict__ y, Conv d, Finish<T> finish) {
  constexpr int THREADS = BM / WM * (BN / WN) * 32, LD = BK + 16 / sizeof(T);
  constexpr int COLS = BK / VEC, ROWS = THREADS / COLS, MINE = (BM + ROWS - 1) / ROWS, MI = WM / 16, NI = WN / 8;
  static_assert(THREADS % COLS == 0 && BM % WM == 0 && BN % WN == 0 && WN % 16 == 0, "tiles do not fit");
  DYN_SHARED(T, smem);
  T* sa = smem;                    // [STAGES][BM][LD]
  T* sb = sa + STAGES * BM * LD;   // [STAGES][BN][LD]
  __shared__ Taps taps;

  const int tid = threadIdx.x, lane = tid % 32, warp = tid / 32;
  const int wm = warp % (BM / WM) * WM, wn = warp / (BM / WM) * WN;
  taps.fill<BACK>(d, blockIdx.z, tid);
  __syncthreads();

  const int count = taps.count, M = d.N * taps.pixels_h * taps.pixels_w, m0 = blockIdx.x * BM, n0 = blockIdx.y * BN;
  if (m0 >= M) return;
  const int row0 = tid / COLS, col = tid % COLS * VEC, K = count * d.C;

  // Where the pixels lie that this thread copies, and which taps find something there.
  int from[MINE];
  unsigned seen[MINE];
#pragma unroll
  for (int i = 0; i < MINE; i++) {
    int row = row0 + i * ROWS, m = m0 + row;
    seen[i] = 0, from[i] = 0;
    if (row < BM && m < M) {
      int n = m / (taps.pixels_h * taps.pixels_w), ph = m / taps.pixels_w % taps.pixels_h, pw = m % taps.pixels_w;
      int h = BACK ? (taps.first_h + ph * d.strideH + d.padH) / d.strideH : ph * d.strideH - d.padH;
      int v = BACK ? (taps.first_w + pw * d.strideW + d.padW) / d.strideW : pw * d.strideW - d.padW;
      from[i] = ((n * d.H + h) * d.W + v) * d.C;
      for (int t = 0; t < count; t++)
        if ((unsigned)(h + taps.dh[t]) < (unsigned)d.H && (unsigned)(v + taps.dw[t]) < (unsigned)d.W)
          seen[i] |= 1u << t;
    }
  }

  int tap = WHOLE ? 0 : col / d.C, c = WHOLE ? col : col % d.C;  // of what this thread copies next
  const int tiles = WHOLE ? count * (d.C / BK) : (K + BK - 1) / BK;
  auto load = [&](int stage) {
    const bool any = WHOLE || tap < count;
    const int t = any ? tap : 0;
    const int offset = (taps.dh[t] * d.W + taps.dw[t]) * d.C + c, place = taps.place[t] * d.C + c;
#pragma unroll
    for (int i = 0; i < MINE; i++) {
      int row = row0 + i * ROWS;
      if (BM % ROWS && row >= BM) break;
      bool ok = any && (seen[i] >> t & 1);
      copy_async<VEC * sizeof(T), true>(sa + (stage * BM + row) * LD + col, ok ? x + from[i] + offset : x, ok);
    }
#pragma unroll
    for (int i = 0; i < BN; i += ROWS) {
      const int row = row0 + i;
      if (BN % ROWS && row >= BN) break;
      bool ok = any && n0 + row < d.O;
      const T* source = ok ? w + (size_t)(n0 + row) * (d.R * d.S * d.C) + place : w;
      copy_async<VEC * sizeof(T), false>(sb + (stage * BN + row) * LD + col, source, ok);
    }
    if (WHOLE) {
      if (++tap == count) tap = 0, c += BK;
    } else {
      c += BK;
      while (c >= d.C) c -= d.C, tap++;
    }
  };

  float acc[MI][NI][4] = {};
  for (int stage = 0; stage < STAGES - 1; stage++) {
    if (stage < tiles) load(stage);
    cp_async_commit();
  }
  // Rows of the fragments that this lane names to ldmatrix: 8 x 8 numbers of 16 bits, or 8 x 4 of 32, are a matrix.
  const int arow = wm + lane % 16, acol = lane / 16 * (16 / (int)sizeof(T));
  const int brow = wn + lane % 8 + lane / 16 * 8, bcol = lane / 8 % 2 * (16 / (int)sizeof(T));
  for (int tile = 0; tile < tiles; tile++) {
    cp_async_wait<STAGES - 2>();
    __syncthreads();  // the stage is there for everyone, and everyone has done with the one that is copied to next
    if (tile + STAGES - 1 < tiles) load((tile + STAGES - 1) % STAGES);
    cp_async_commit();
    const T* pa = sa + (tile % STAGES * BM + arow) * LD + acol;
    const T* pb = sb + (tile % STAGES * BN + brow) * LD + bcol;
#pragma unroll
    for (int k = 0; k < BK; k += 32 / sizeof(T)) {
      unsigned a[MI][4], b[NI / 2][4];
#pragma unroll
      for (int i = 0; i < MI; i++) ldmatrix_x4(a[i], pa + i * 16 * LD + k);
#pragma unroll
      for (int j = 0; j < NI / 2; j++) ldmatrix_x4(b[j], pb + j * 16 * LD + k);
#pragma unroll
      for (int i = 0; i < MI; i++)
#pragma unroll
        for (int e = 0; e < 4; e++) a[i][e] = Product<T>::rounded(a[i][e]);
#pragma unroll
      for (int i = 0; i < MI; i++)
#pragma unroll
        for (int j = 0; j < NI; j++) Product<T>::multiply(acc[i][j], a[i], b[j / 2] + j % 2 * 2);
    }
  }
  cp_async_wait<0>();

  const int row = m0 + wm + lane / 4;
  if (finish.moments) {
    float* sums = reinterpret_cast<float*>(smem);  // [BM / WM][2][BN], where nobody multiplies any more
    __syncthreads();
    add_up_columns<2 * MI, NI>(
        sums + wm / WM * 2 * BN + wn, BN, [&](int r, int j) { return acc[r / 2][j] + r % 2 * 2; },
        [&](int r) { return row + r * 8 < M; });
    leave_moments<THREADS>(sums, BM / WM, BN, finish.moments, blockIdx.x, n0, d.O);
  }
#pragma unroll
  for (int i = 0; i < MI; i++)
#pragma unroll
    for (int half = 0; half < 2; half++) {
      int m = row + i * 16 + half * 8;
      if (m >= M) continue;
      finish.template store<NI, true>(y, taps.pixel<BACK>(d, m) * d.O, n0 + wn + lane % 4 * 2, d.O,
                                      [&](int j) { return acc[i][j] + half * 2; });
    }
}

// part[z, o, (t, c)] = sum over the output pixels m of slice z of gradOutput[m, o] x[pixel(m) + t, c].
// Slices are `slice` pixels each. BK is how many pixels there are in one stage of shared memory.
template <class T, int BM, int BN, int BK, int WM, int WN, int STAGES, int VX, int VY>
__global__ void __launch_bounds__(BM / WM * (BN / WN) * 32)
conv_weight_gradient(const T* __restrict__ x, const T* __restrict__ gradOutput, float* __restrict__ part, Conv d,
                     Divisor columns, Divisor pixels, int slice) {
  constexpr int THREADS = BM / WM * (BN / WN) * 32, LA = BM + 8, LB = BN + 8, MI = WM / 16, NI = WN / 8;
  constexpr int AC = BM / VY, AR = THREADS / AC, BC = BN / VX, BR = THREADS / BC;
  constexpr int STEP = 32 / sizeof(T);
  static_assert(THREADS % AC == 0 && THREADS % BC == 0 && WN % 16 == 0 && BK % STEP == 0, "tiles do not fit");
  DYN_SHARED(T, smem);
  T* sa = smem;                   // [STAGES][BK][LA]: gradOutput
  T* sb = sa + STAGES * BK * LA;  // [STAGES][BK][LB]: x under the taps

  const int tid = threadIdx.x, lane = tid % 32, warp = tid / 32, g = lane / 4, t = lane % 4;
  const int wm = warp % (BM / WM) * WM, wn = warp / (BM / WM) * WN;
  const int o0 = blockIdx.x * BM, k0 = blockIdx.y * BN, K = d.R * d.S * d.C;
  const int first = blockIdx.z * slice, last = min(first + slice, d.N * d.OH * d.OW);

  const int ac = tid % AC * VY, ar = tid / AC, bc = tid % BC * VX, br = tid / BC;
  const int c = (k0 + bc) % d.C, tap = (k0 + bc) / d.C;
  const int dh = tap / d.S * d.gapH - d.padH, dw = tap % d.S * d.gapW - d.padW;
  const bool ok_o = o0 + ac < d.O, ok_k = k0 + bc < K;
  auto load = [&](int m0, int stage) {
#pragma unroll
    for (int first = 0; first < BK; first += AR) {
      const int i = first + ar;
      if (BK % AR && i >= BK) break;
      bool ok = ok_o && m0 + i < last;
      const T* source = ok ? gradOutput + (size_t)(m0 + i) * d.O + o0 + ac : gradOutput;
      copy_async<VY * sizeof(T), false>(sa + (stage * BK + i) * LA + ac, source, ok);
    }
#pragma unroll
    for (int first = 0; first < BK; first += BR) {
      const int i = first + br;
      if (BK % BR && i >= BK) break;
      unsigned m = m0 + i, n = pixels.divide(m), in = m - n * pixels.number, oh = columns.divide(in);
      int h = (int)oh * d.strideH + dh, v = (int)(in - oh * columns.number) * d.strideW + dw;
      bool ok = ok_k && (int)m < last && (unsigned)h < (unsigned)d.H && (unsigned)v < (unsigned)d.W;
      const T* source = ok ? x + ((size_t)(n * d.H + h) * d.W + v) * d.C + c : x;
      copy_async<VX * sizeof(T), true>(sb + (stage * BK + i) * LB + bc, source, ok);
    }
  };

  float acc[MI][NI][4] = {};
  for (int stage = 0; stage < STAGES - 1; stage++) {
    if (first + stage * BK < last) load(first + stage * BK, stage);
    cp_async_commit();
  }
  for (int m0 = first, tile = 0; m0 < last; m0 += BK, tile++) {
    cp_async_wait<STAGES - 2>();
    __syncthreads();
    if (m0 + (STAGES - 1) * BK < last) load(m0 + (STAGES - 1) * BK, (tile + STAGES - 1) % STAGES);
    cp_async_commit();
    const T* pa = sa + tile % STAGES * BK * LA + wm;
    const T* pb = sb + tile % STAGES * BK * LB + wn;
#pragma unroll
    for (int k = 0; k < BK; k += STEP) {
      unsigned a[MI][4], b[NI][2];
      if constexpr (sizeof(T) == 4) {
#pragma unroll
        for (int i = 0; i < MI; i++)
#pragma unroll
          for (int e = 0; e < 4; e++)
            a[i][e] = to_tf32(pa[(k + t + (e >> 1) * 4) * LA + i * 16 + g + (e & 1) * 8]);
#pragma unroll
        for (int j = 0; j < NI; j++)
#pragma unroll
          for (int e = 0; e < 2; e++) b[j][e] = to_tf32(pb[(k + t + e * 4) * LB + j * 8 + g]);
      } else {
        // Matrices of 8 pixels x 8 planes, turned: rows of planes, pixels along them.
#pragma unroll
        for (int i = 0; i < MI; i++)
          ldmatrix_x4_transposed(a[i], pa + (k + lane % 8 + lane / 16 * 8) * LA + i * 16 + lane / 8 % 2 * 8);
#pragma unroll
        for (int j = 0; j < NI; j += 2) {
          unsigned both[4];
          ldmatrix_x4_transposed(both, pb + (k + lane % 16) * LB + j * 8 + lane / 16 * 8);
          b[j][0] = both[0], b[j][1] = both[1], b[j + 1][0] = both[2], b[j + 1][1] = both[3];
        }
      }
#pragma unroll
      for (int i = 0; i < MI; i++)
#pragma unroll
        for (int j = 0; j < NI; j++) Product<T>::multiply(acc[i][j], a[i], b[j]);
    }
  }
  cp_async_wait<0>();

#pragma unroll
  for (int i = 0; i < MI; i++)
#pragma unroll
    for (int j = 0; j < NI; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) {
        int o = o0 + wm + i * 16 + g + (e >> 1) * 8, k = k0 + wn + j * 8 + 2 * t + (e & 1);
        if (o < d.O && k < K) part[((size_t)blockIdx.z * d.O + o) * K + k] = acc[i][j][e];
      }
}
