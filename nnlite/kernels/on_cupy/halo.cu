// Convolution of images with stride 1 on tensor cores, by warpgroups, in blocks of 8 x 8 pixels: a block's pixels and the
// halo around them that the kernel sees are copied into shared memory once, and serve all taps of the kernel from there.
// Whatever copies them for each tap anew, as warpgroups.cu, waits for the L2 cache.
//
// T is float, whose products are of TF32, or __half; sums are float. 128 bytes of planes make a row of shared memory, so
// that the planes read are a multiple of 32 (float) or 64 (half).
#include "implicit.h"
#include "warpgroup.h"

constexpr int SIDE = 8;  // pixels, of a block

// Where a block of pixels lies.
struct Place {
  int n, h, w;

  __device__ __forceinline__ Place(int number, int down, int across) {
    n = number / (down * across), h = number / across % down * SIDE, w = number % across * SIDE;
  }
};

// y[m, o] = bias[o] + sum over taps t and planes c of x[pixel(m) + t, c] w[o, t, c], the kernel being R x S.
//
// Each of the GROUPS warpgroups of a block makes 8 x 8 pixels of BN planes. The halos of some planes are in one of two
// buffers while those of the next ones are copied into the other; STAGES pieces of w are multiplied or on their way.
template <class T, int GROUPS, int BN, int STAGES, int R, int S>
__global__ void __launch_bounds__(GROUPS * 128)
conv_halo(const T* __restrict__ x, const T* __restrict__ w, const T* __restrict__ bias, T* __restrict__ y, Conv d,
          int down, int across) {
  constexpr int THREADS = GROUPS * 128, BK = 128 / sizeof(T), VEC = 16 / sizeof(T), AHEAD = STAGES - 2, TAPS = R * S;
  constexpr int HEIGHT = SIDE + R - 1, WIDTH = SIDE + S - 1, PIXELS = GROUPS * HEIGHT * WIDTH;
  constexpr int MINE = (PIXELS * PIECES + THREADS - 1) / THREADS, ROWS = THREADS / PIECES;
  static_assert(TAPS > AHEAD, "the next halos are to be there in time");
  DYN_SHARED(char, smem);
  char* halos = smem + (GROUP - ((size_t)smem & (GROUP - 1))) % GROUP;  // [2][PIXELS][128], each from a multiple of GROUP
  constexpr int HALOS = (PIXELS * 128 + GROUP - 1) / GROUP * GROUP;
  char* weights = halos + 2 * HALOS;  // [STAGES][BN][128]

  const int tid = threadIdx.x, lane = tid % 32, piece = tid % PIECES, group = tid / 128;
  const int first = blockIdx.x * GROUPS, n0 = blockIdx.y * BN, count = d.N * down * across;

  int from[MINE];  // where the pixels lie that this thread copies; -1 where there is none
#pragma unroll
  for (int i = 0; i < MINE; i++) {
    int pixel = tid / PIECES + i * ROWS, number = first + pixel / (HEIGHT * WIDTH);
    Place at(number, down, across);
    int h = at.h + pixel / WIDTH % HEIGHT - d.padH, v = at.w + pixel % WIDTH - d.padW;
    bool ok = pixel < PIXELS && number < count && (unsigned)h < (unsigned)d.H && (unsigned)v < (unsigned)d.W;
    from[i] = ok ? ((at.n * d.H + h) * d.W + v) * d.C + piece * VEC : -1;
  }
  auto load_halos = [&](int c, int buffer) {
#pragma unroll
    for (int i = 0; i < MINE; i++) {
      int pixel = tid / PIECES + i * ROWS;
      if (PIXELS % ROWS && pixel >= PIXELS) break;
      bool ok = from[i] >= 0;
      cp_async16(halos + buffer * HALOS + swizzled(pixel, piece), ok ? x + from[i] + c : x, ok);
    }
  };
  const int kernel = TAPS * d.C, steps = d.C / BK * TAPS;
  auto load_weights = [&](int step) {
    const T* source = w + (size_t)(n0 + tid / PIECES) * kernel + step % TAPS * d.C + step / TAPS * BK + piece * VEC;
    char* to = weights + step % STAGES * BN * 128;
#pragma unroll
    for (int row = tid / PIECES; row < BN; row += ROWS) {
      bool ok = n0 + row < d.O;
      cp_async16(to + swizzled(row, piece), ok ? source + (size_t)(row - tid / PIECES) * kernel : w, ok);
    }
  };

  float acc[BN / 2] = {};
  load_halos(0, 0);
  for (int step = 0; step < AHEAD; step++) {
    if (step < steps) load_weights(step);
    cp_async_commit();
  }
  int step = 0;
  for (int c = 0; c < d.C; c += BK) {
    const int buffer = c / BK % 2;
    const char* halo = halos + buffer * HALOS + group * HEIGHT * WIDTH * 128;
#pragma unroll
    for (int tap = 0; tap < TAPS; tap++, step++) {
      cp_async_wait<AHEAD - 1>();
      fence_for_wgmma();
      __syncthreads();  // what this step multiplies is there, and nobody multiplies that of two steps ago any more
      const Operand a = operand(halo + (tap / S * WIDTH + tap % S) * 128, WIDTH * 128);
      const Operand b = operand(weights + step % STAGES * BN * 128);
      wgmma_begin();
#pragma unroll
      for (int k = 0; k < 128; k += 32) Warpgroup<T, BN>::multiply(acc, further(a, k), further(b, k));
      wgmma_commit();
      if (step + AHEAD < steps) load_weights(step + AHEAD);
      if (tap == 1 % TAPS && c + BK < d.C) load_halos(c + BK, buffer ^ 1);  // nobody is at the last planes any more
      cp_async_commit();
      wgmma_wait<1>();
    }
  }
  wgmma_wait<0>();
  cp_async_wait<0>();

  if (first + group >= count) return;
  const Place at(first + group, down, across);
#pragma unroll
  for (int half = 0; half < 2; half++) {
    int h = at.h + tid / 32 % 4 * 2 + half, v = at.w + lane / 4;
    if (h >= d.OH || v >= d.OW) continue;
    T* out = y + ((size_t)(at.n * d.OH + h) * d.OW + v) * d.O;
#pragma unroll
    for (int j = 0; j < BN / 8; j++) {
      int o = n0 + j * 8 + lane % 4 * 2;
      float one = acc[j * 4 + half * 2], two = acc[j * 4 + half * 2 + 1];
      if (bias) one += o < d.O ? widen(bias[o]) : 0, two += o + 1 < d.O ? widen(bias[o + 1]) : 0;
      if (o + 1 < d.O && d.O % 2 == 0) store_pair(out + o, one, two);
      else {
        if (o < d.O) out[o] = narrow<T>(one);
        if (o + 1 < d.O) out[o + 1] = narrow<T>(two);
      }
    }
  }
}

// turned[o, (block, y, x)] = gradOutput at this pixel of a block of 8 x 8, 0 where there is none; rounded to what tensor
// cores look at. A block of 32 x 8 threads turns 32 pixels of 32 planes.
__global__ void turn_blocks(const float* __restrict__ gradOutput, float* __restrict__ turned, Conv d, int down, int across) {
  __shared__ float tile[32][33];
  const int p0 = blockIdx.x * 32, o0 = blockIdx.y * 32, tx = threadIdx.x, ty = threadIdx.y;
  const int length = d.N * down * across * SIDE * SIDE;
  const Place at(p0 / (SIDE * SIDE), down, across);
#pragma unroll
  for (int i = ty; i < 32; i += 8) {
    int inside = (p0 + i) % (SIDE * SIDE), h = at.h + inside / SIDE, v = at.w + inside % SIDE;
    bool ok = h < d.OH && v < d.OW && o0 + tx < d.O;
    float value = ok ? gradOutput[((size_t)(at.n * d.OH + h) * d.OW + v) * d.O + o0 + tx] : 0.f;
    tile[i][tx] = __uint_as_float(to_tf32(value) & ~0x1fffu);
  }
  __syncthreads();
#pragma unroll
  for (int i = ty; i < 32; i += 8)
    if (o0 + i < d.O) turned[(size_t)(o0 + i) * length + p0 + tx] = tile[tx][i];
}

// part[z, (t, c), o] = sum over the pixels m of the 8 x 8 blocks of slice z of x[pixel(m) + t, c] gradOutput[m, o].
//
// `turned` is gradOutput as turn_blocks leaves it; slices are `slice` blocks each. A block makes all taps of 64 planes
// of x and 64 of gradOutput, each of its R warpgroups the S taps of a row.
template <int STAGES, int R, int S>
__global__ void __launch_bounds__(R * 128)
weight_gradient_halo(const float* __restrict__ x, const float* __restrict__ turned, float* __restrict__ part, Conv d,
                     int down, int across, int slice) {
  constexpr int THREADS = R * 128, PLANES = 64, BN = 64, LA = PLANES + 8, AHEAD = STAGES - 1;
  constexpr int HEIGHT = SIDE + R - 1, WIDTH = SIDE + S - 1, PIXELS = HEIGHT * WIDTH;
  constexpr int PER_PIXEL = PLANES / 4, ROWS = THREADS / PER_PIXEL;
  constexpr int GRADS = 2 * BN * 128;  // bytes: two pieces of 32 pixels
  DYN_SHARED(char, smem);
  char* grads = smem + (GROUP - ((size_t)smem & (GROUP - 1))) % GROUP;     // [STAGES][2][BN][128]
  float* halos = reinterpret_cast<float*>(grads + STAGES * GRADS);         // [STAGES][PIXELS][LA]

  const int tid = threadIdx.x, lane = tid % 32, g = lane / 4, t = lane % 4, r = tid / 128, warp = tid / 32 % 4;
  const int c0 = blockIdx.x * PLANES, n0 = blockIdx.y * BN, count = d.N * down * across;
  const int first = blockIdx.z * slice, last = min(first + slice, count);
  const size_t length = (size_t)count * SIDE * SIDE;

  auto load = [&](int number, int stage) {
    const Place at(number, down, across);
    const int col = tid % PER_PIXEL * 4;
#pragma unroll
    for (int pixel = tid / PER_PIXEL; pixel < PIXELS; pixel += ROWS) {
      int h = at.h + pixel / WIDTH - d.padH, v = at.w + pixel % WIDTH - d.padW;
      bool ok = c0 + col < d.C && (unsigned)h < (unsigned)d.H && (unsigned)v < (unsigned)d.W;
      const float* source = ok ? x + ((size_t)(at.n * d.H + h) * d.W + v) * d.C + c0 + col : x;
      cp_async16(halos + (stage * PIXELS + pixel) * LA + col, source, ok);
    }
#pragma unroll
    for (int row = tid / 16; row < BN; row += THREADS / 16) {
      int piece = tid % 16;
      bool ok = n0 + row < d.O;
      const float* source = ok ? turned + (n0 + row) * length + (size_t)number * SIDE * SIDE + piece * 4 : turned;
      cp_async16(grads + stage * GRADS + piece / PIECES * BN * 128 + swizzled(row, piece % PIECES), source, ok);
    }
  };

  float acc[S][BN / 2] = {};
  for (int stage = 0; stage < AHEAD; stage++) {
    if (first + stage < last) load(first + stage, stage);
    cp_async_commit();
  }
  for (int number = first, stage = 0; number < last; number++, stage = stage + 1 == STAGES ? 0 : stage + 1) {
    cp_async_wait<AHEAD - 1>();
    fence_for_wgmma();
    __syncthreads();  // the block is there for everyone, and nobody multiplies the one before any more
    if (number + AHEAD < last) load(number + AHEAD, (stage + AHEAD) % STAGES);
    cp_async_commit();
    const float* pa = halos + (stage * PIXELS + r * WIDTH + t) * LA + warp * 16 + g;
    const Operand b = operand(grads + stage * GRADS);
    unsigned a[2][S][4];
#pragma unroll
    for (int row = 0; row < SIDE; row++) {  // of the block: 8 pixels are what is added up by a product
#pragma unroll
      for (int s = 0; s < S; s++)
#pragma unroll
        for (int e = 0; e < 4; e++)
          a[row % 2][s][e] = to_tf32(pa[(row * WIDTH + s + (e >> 1) * 4) * LA + (e & 1) * 8]);
      const Operand pixels = further(b, row / 4 * BN * 128 + row % 4 * 32);
      wgmma_begin();
#pragma unroll
      for (int s = 0; s < S; s++) Warpgroup<float, BN>::multiply(acc[s], a[row % 2][s], pixels);
      wgmma_commit();
      wgmma_wait<1>();
    }
    wgmma_wait<0>();
  }
  cp_async_wait<0>();

#pragma unroll
  for (int s = 0; s < S; s++)
#pragma unroll
    for (int half = 0; half < 2; half++) {
      int c = c0 + warp * 16 + half * 8 + g;
      if (c >= d.C) continue;
      float* out = part + (((size_t)blockIdx.z * R * S + r * S + s) * d.C + c) * d.O;
#pragma unroll
      for (int j = 0; j < BN / 8; j++) {
        int o = n0 + j * 8 + t * 2;
        if (o + 1 < d.O && d.O % 2 == 0) store_pair(out + o, acc[s][j * 4 + half * 2], acc[s][j * 4 + half * 2 + 1]);
        else {
          if (o < d.O) out[o] = acc[s][j * 4 + half * 2];
          if (o + 1 < d.O) out[o + 1] = acc[s][j * 4 + half * 2 + 1];
        }
      }
    }
}

// packed[c, t, o] = w[o, c, the last tap - t]: with these weights a convolution's gradInput is a convolution. What tensor
// cores do not look at rounds.
template <class T> __global__ void pack_turned(const T* w, T* packed, int O, int C, int taps) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= O * C * taps) return;
  int o = i % O, t = i / O % taps, c = i / O / taps;
  T value = w[((size_t)o * C + c) * taps + taps - 1 - t];
  if constexpr (sizeof(T) == 4) value = __uint_as_float(to_tf32(value) & ~0x1fffu);
  packed[i] = value;
}
