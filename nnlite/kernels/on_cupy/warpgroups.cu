// Convolution of images as in tensor_cores.cu, with products of whole warpgroups: for GPUs of compute capability 9.0.
//
// T is float, whose products are of TF32, or __half; sums are float. 128 bytes of planes make a row of shared memory, so
// that the planes read are a multiple of 32 (float) or 64 (half).
#include "finish.h"
#include "implicit.h"
#include "warpgroup.h"

// y[m, o] = the sum over taps t and planes c of x[pixel(m) + t, c] w[o, t, c], finished; BACK as in conv_gemm.
//
// A block makes BM x BN of y, each of its warpgroups 64 x BN. Of the stages of shared memory two are multiplied, or have
// just been, and the others are on their way.
template <class T, int BM, int BN, int STAGES, bool BACK>
__global__ void __launch_bounds__(BM * 2)
conv_warpgroups(const T* __restrict__ x, const T* __restrict__ w, T* __restrict__ y, Conv d, Finish<T> finish) {
  constexpr int THREADS = BM * 2, BK = 128 / sizeof(T), VEC = 16 / sizeof(T), ROWS = THREADS / PIECES, AHEAD = STAGES - 2;
  constexpr int MINE = BM / ROWS;
  static_assert(BN % ROWS == 0, "all threads copy equally many weights");
  DYN_SHARED(char, smem);
  char* sa = smem + (GROUP - ((size_t)smem & (GROUP - 1))) % GROUP;  // [STAGES][BM][128]
  char* sb = sa + STAGES * BM * 128;                                // [STAGES][BN][128]
  __shared__ Taps taps;

  const int tid = threadIdx.x, lane = tid % 32, piece = tid % PIECES, row0 = tid / PIECES;
  taps.fill<BACK>(d, blockIdx.z, tid);
  __syncthreads();
  const int count = taps.count, M = d.N * taps.pixels_h * taps.pixels_w, m0 = blockIdx.x * BM, n0 = blockIdx.y * BN;
  if (m0 >= M) return;

  // Where the pixels lie that this thread copies, and which taps find something there.
  int from[MINE];
  unsigned seen[MINE];
#pragma unroll
  for (int i = 0; i < MINE; i++) {
    int m = m0 + row0 + i * ROWS;
    seen[i] = 0, from[i] = 0;
    if (m < M) {
      int n = m / (taps.pixels_h * taps.pixels_w), ph = m / taps.pixels_w % taps.pixels_h, pw = m % taps.pixels_w;
      int h = BACK ? (taps.first_h + ph * d.strideH + d.padH) / d.strideH : ph * d.strideH - d.padH;
      int v = BACK ? (taps.first_w + pw * d.strideW + d.padW) / d.strideW : pw * d.strideW - d.padW;
      from[i] = ((n * d.H + h) * d.W + v) * d.C + piece * VEC;
      for (int t = 0; t < count; t++)
        if ((unsigned)(h + taps.dh[t]) < (unsigned)d.H && (unsigned)(v + taps.dw[t]) < (unsigned)d.W)
          seen[i] |= 1u << t;
    }
  }

  const int tiles = count * (d.C / BK), kernel = d.R * d.S * d.C;
  int tap = 0, c = 0;  // of what is copied next
  auto load = [&](int stage) {
    const int offset = (taps.dh[tap] * d.W + taps.dw[tap]) * d.C + c;
    const T* weights = w + (size_t)(n0 + row0) * kernel + taps.place[tap] * d.C + c + piece * VEC;
#pragma unroll
    for (int i = 0; i < MINE; i++) {
      bool ok = seen[i] >> tap & 1;
      cp_async16_cached(sa + stage * BM * 128 + swizzled(row0 + i * ROWS, piece), ok ? x + from[i] + offset : x, ok);
    }
#pragma unroll
    for (int row = 0; row < BN; row += ROWS) {  // of ROWS, which divide BN: the end is to be known here
      bool ok = n0 + row0 + row < d.O;
      cp_async16(sb + stage * BN * 128 + swizzled(row0 + row, piece), ok ? weights + (size_t)row * kernel : w, ok);
    }
    if (++tap == count) tap = 0, c += BK;
  };

  float acc[BN / 2] = {};
  for (int stage = 0; stage < AHEAD; stage++) {
    if (stage < tiles) load(stage);
    cp_async_commit();
  }
  for (int tile = 0; tile < tiles; tile++) {
    cp_async_wait<AHEAD - 1>();
    fence_for_wgmma();
    __syncthreads();  // the stage is there for everyone, and nobody multiplies the stage of two tiles ago any more
    const Operand a = operand(sa + (tile % STAGES * BM + tid / 128 * 64) * 128);
    const Operand b = operand(sb + tile % STAGES * BN * 128);
    wgmma_begin();
#pragma unroll
    for (int k = 0; k < 128; k += 32) Warpgroup<T, BN>::multiply(acc, further(a, k), further(b, k));
    wgmma_commit();
    if (tile + AHEAD < tiles) load((tile + AHEAD) % STAGES);
    cp_async_commit();
    wgmma_wait<1>();
  }
  wgmma_wait<0>();
  cp_async_wait<0>();

  const int row = m0 + tid / 32 * 16 + lane / 4;
  if (finish.moments) {
    float* sums = reinterpret_cast<float*>(sa);  // [THREADS / 32][2][BN], where nobody multiplies any more
    __syncthreads();
    add_up_columns<2, BN / 8>(
        sums + tid / 32 * 2 * BN, BN, [&](int r, int j) { return acc + j * 4 + r * 2; },
        [&](int r) { return row + r * 8 < M; });
    leave_moments<THREADS>(sums, THREADS / 32, BN, finish.moments, blockIdx.x, n0, d.O);
  }
#pragma unroll
  for (int half = 0; half < 2; half++) {
    int m = row + half * 8;
    if (m >= M) continue;
    finish.template store<BN / 8>(y, taps.pixel<BACK>(d, m) * d.O, n0 + lane % 4 * 2, d.O,
                                  [&](int j) { return acc + j * 4 + half * 2; });
  }
}

// turned[o, m] = gradOutput[m, o], with zeros from M to the end of the rows, which are `length` long; rounded to what
// tensor cores look at. Blocks of 32 x 8 threads turn 32 x 32 numbers.
template <class T> __global__ void turn(const T* __restrict__ x, T* __restrict__ turned, int M, int O, int length) {
  __shared__ T tile[32][33];
  const int m0 = blockIdx.x * 32, o0 = blockIdx.y * 32, tx = threadIdx.x, ty = threadIdx.y;
#pragma unroll
  for (int i = ty; i < 32; i += 8) {
    bool ok = m0 + i < M && o0 + tx < O;
    T value = ok ? x[(size_t)(m0 + i) * O + o0 + tx] : narrow<T>(0);
    if constexpr (sizeof(T) == 4) value = __uint_as_float(to_tf32(value) & ~0x1fffu);
    tile[i][tx] = value;
  }
  __syncthreads();
#pragma unroll
  for (int i = ty; i < 32; i += 8)
    if (o0 + i < O && m0 + tx < length) turned[(size_t)(o0 + i) * length + m0 + tx] = tile[tx][i];
}

// part[z, (t, c), o] = sum over the output pixels m of slice z of x[pixel(m) + t, c] gradOutput[m, o].
//
// `turned` is gradOutput as `turn` leaves it. Slices are `slice` pixels each, a multiple of the BK that one stage has. A
// block makes 64 GROUPS x BN of part.
template <class T, int GROUPS, int BN, int STAGES>
__global__ void __launch_bounds__(GROUPS * 128)
weight_gradient_warpgroups(const T* __restrict__ x, const T* __restrict__ turned, float* __restrict__ part, Conv d,
                           Divisor columns, Divisor pixels, int length, int slice) {
  constexpr int THREADS = GROUPS * 128, BM = GROUPS * 64, BK = 128 / sizeof(T), VEC = 16 / sizeof(T), LA = BM + 8;
  constexpr int COLS = BM / VEC, ROWS = THREADS / COLS, STEP = 32 / sizeof(T), AHEAD = STAGES - 1;
  static_assert(THREADS % COLS == 0 && BK % ROWS == 0, "tiles do not fit");
  DYN_SHARED(char, smem);
  char* sb = smem + (GROUP - ((size_t)smem & (GROUP - 1))) % GROUP;  // [STAGES][BN][128]: gradOutput
  T* sa = reinterpret_cast<T*>(sb + STAGES * BN * 128);             // [STAGES][BK][LA]: x under the taps
  __shared__ int2 where[2][BK];  // of the pixels of a stage: where the first tap looks, as a place and as row and column

  const int tid = threadIdx.x, lane = tid % 32, piece = tid % PIECES, g = lane / 4, t = lane % 4;
  const int k0 = blockIdx.x * BM, n0 = blockIdx.y * BN, K = d.R * d.S * d.C, M = d.N * d.OH * d.OW;
  const int first = blockIdx.z * slice, last = min(first + slice, length);
  const int tiles = (last - first + BK - 1) / BK;

  const int col = tid % COLS * VEC, row0 = tid / COLS, c = (k0 + col) % d.C, tap = (k0 + col) / d.C;
  const int dh = tap / d.S * d.gapH, dw = tap % d.S * d.gapW, offset = (dh * d.W + dw) * d.C + c;
  const bool ok_k = k0 + col < K;
  auto look = [&](int tile) {
    if (tid >= BK) return;
    unsigned m = first + tile * BK + tid, n = pixels.divide(m), in = m - n * pixels.number, oh = columns.divide(in);
    int h = (int)oh * d.strideH - d.padH, v = (int)(in - oh * columns.number) * d.strideW - d.padW;
    if ((int)m >= M) h = -0x4000;  // where no tap finds anything
    where[tile % 2][tid] = make_int2(((int)n * d.H + h) * d.W * d.C + v * d.C, h << 16 | (v & 0xffff));
  };
  auto load = [&](int tile, int stage) {
#pragma unroll
    for (int i = 0; i < BK; i += ROWS) {
      int2 at = where[tile % 2][row0 + i];
      bool ok = ok_k && (unsigned)((at.y >> 16) + dh) < (unsigned)d.H && (unsigned)((short)at.y + dw) < (unsigned)d.W;
      cp_async16_cached(sa + (stage * BK + row0 + i) * LA + col, ok ? x + at.x + offset : x, ok);
    }
#pragma unroll
    for (int i = 0; i < BN; i += THREADS / PIECES) {
      const int row = tid / PIECES + i;
      if (row >= BN) break;
      bool ok = n0 + row < d.O;
      const T* source = ok ? turned + (size_t)(n0 + row) * length + first + tile * BK + piece * VEC : turned;
      cp_async16(sb + stage * BN * 128 + swizzled(row, piece), source, ok);
    }
  };

  float acc[BN / 2] = {};
  for (int tile = 0; tile < AHEAD; tile++) {
    look(tile);
    __syncthreads();
    if (tile < tiles) load(tile, tile);
    cp_async_commit();
  }
  look(AHEAD);
  const T* mine = sa + tid / 32 * 16;
  for (int tile = 0; tile < tiles; tile++) {
    cp_async_wait<AHEAD - 1>();
    fence_for_wgmma();
    __syncthreads();  // the stage is there for everyone, and nobody multiplies the one before any more
    if (tile + AHEAD < tiles) load(tile + AHEAD, (tile + AHEAD) % STAGES);
    cp_async_commit();
    look(tile + AHEAD + 1);
    const T* pa = mine + tile % STAGES * BK * LA;
    const Operand b = operand(sb + tile % STAGES * BN * 128);
    unsigned a[BK / STEP][4];
#pragma unroll
    for (int k = 0; k < BK / STEP; k++) {
      if constexpr (sizeof(T) == 4) {
#pragma unroll
        for (int e = 0; e < 4; e++) a[k][e] = to_tf32(pa[(k * STEP + t + (e >> 1) * 4) * LA + g + (e & 1) * 8]);
      } else {
        ldmatrix_x4_transposed(a[k], pa + (k * STEP + lane % 8 + lane / 16 * 8) * LA + lane / 8 % 2 * 8);
      }
    }
    wgmma_begin();
#pragma unroll
    for (int k = 0; k < BK / STEP; k++) Warpgroup<T, BN>::multiply(acc, a[k], further(b, k * 32));
    wgmma_commit();
    wgmma_wait<0>();
  }
  cp_async_wait<0>();

#pragma unroll
  for (int half = 0; half < 2; half++) {
    int k = k0 + tid / 32 * 16 + half * 8 + g;
    if (k >= K) continue;
    float* out = part + ((size_t)blockIdx.z * K + k) * d.O;
#pragma unroll
    for (int j = 0; j < BN / 8; j++) {
      int o = n0 + j * 8 + t * 2;
      store_two(out, o, d.O, acc[j * 4 + half * 2], acc[j * 4 + half * 2 + 1]);
    }
  }
}
