// Convolution of images with stride 1 on tensor cores, by warpgroups, in blocks of 8 x 8 pixels: a block's pixels and the
// halo around them that the kernel sees are copied into shared memory once, and serve all taps of the kernel from there.
// Whatever copies them for each tap anew, as warpgroups.cu, waits for the L2 cache.
//
// T is float, whose products are of TF32, or __half; sums are float. 128 bytes of planes make a row of shared memory, so
// that the planes read are a multiple of 32 (float) or 64 (half).
#include "blocks.h"
#include "finish.h"
#include "implicit.h"
#include "warpgroup.h"

// Where the planes of a pixel begin, the `pixel`-th of the halos, height x width each, of blocks from `first` on; -1 where
// there is none.
__device__ __forceinline__ int look_for(int pixel, int first, int height, int width, const Conv& d, const Blocks& blocks) {
  const int number = first + pixel / (height * width);
  const Place at(number, blocks);
  const int h = at.h + pixel / width % height - d.padH, v = at.w + pixel % width - d.padW;
  bool ok = number < d.N * (int)blocks.image.number && (unsigned)h < (unsigned)d.H && (unsigned)v < (unsigned)d.W;
  return ok ? ((at.n * d.H + h) * d.W + v) * d.C : -1;
}

// y[m, o] = the sum over taps t and planes c of x[pixel(m) + t, c] w[o, t, c], finished; the kernel is R x S.
//
// Each of the GROUPS warpgroups of a block makes 8 x 8 pixels of BN planes, and then others, until none are left. The halos
// of some planes are in one of two buffers while those of the next ones are copied into the other; STAGES pieces of w are
// multiplied or on their way, each of EACH taps. The more these are, the less often the warpgroups wait for each other.
template <class T, int GROUPS, int BN, int STAGES, int EACH, int R, int S>
__global__ void __launch_bounds__(GROUPS * 128)
conv_halo(const T* __restrict__ x, const T* __restrict__ w, T* __restrict__ y, Conv d, Finish<T> finish,
          Blocks blocks) {
  constexpr int THREADS = GROUPS * 128, BK = 128 / sizeof(T), VEC = 16 / sizeof(T), AHEAD = STAGES - 2, TAPS = R * S;
  constexpr int HEIGHT = SIDE + R - 1, WIDTH = SIDE + S - 1, PIXELS = GROUPS * HEIGHT * WIDTH;
  constexpr int MINE = (PIXELS * PIECES + THREADS - 1) / THREADS, ROWS = THREADS / PIECES;
  static_assert(TAPS % EACH == 0 && TAPS / EACH > AHEAD, "the next halos are to be there in time");
  DYN_SHARED(char, smem);
  char* halos = smem + (GROUP - ((size_t)smem & (GROUP - 1))) % GROUP;  // [2][PIXELS][128], each from a multiple of GROUP
  constexpr int HALOS = (PIXELS * 128 + GROUP - 1) / GROUP * GROUP;
  char* weights = halos + 2 * HALOS;                                              // [STAGES][EACH][BN][128]
  float* sums = reinterpret_cast<float*>(weights + STAGES * EACH * BN * 128);     // [THREADS / 32][2][BN]

  const int tid = threadIdx.x, lane = tid % 32, piece = tid % PIECES, row0 = tid / PIECES, group = tid / 128;
  const int n0 = blockIdx.y * BN, count = d.N * blocks.image.number, tiles = (count + GROUPS - 1) / GROUPS;
  static_assert(BN % ROWS == 0 && ROWS % 8 == 0, "all threads copy equally many weights");

  __shared__ int where[PIXELS];  // the pixels lie that are copied; -1 where there is none
  static_assert(PIXELS <= THREADS, "a thread looks for one");
  auto look = [&](int tile) {
    if (tid < PIXELS) where[tid] = look_for(tid, tile * GROUPS, HEIGHT, WIDTH, d, blocks);
  };
  auto load_halos = [&](int from, int to, int c, int buffer) {  // of this thread's pieces those from .. to - 1
#pragma unroll
    for (int i = from; i < to; i++) {
      int pixel = row0 + i * ROWS;
      if (i >= MINE || (PIXELS % ROWS && pixel >= PIXELS)) break;
      const int at = where[pixel];
      cp_async16(halos + buffer * HALOS + swizzled(pixel, piece), x + (at < 0 ? 0 : at + c + piece * VEC), at >= 0);
    }
  };
  constexpr int STEPS = TAPS / EACH;  // for the same planes
  constexpr int LOADING = STEPS - AHEAD, EACH_TIME = (MINE + LOADING - 1) / LOADING;
  const int kernel = TAPS * d.C;
  const int mine = (n0 + row0) * kernel + piece * VEC;
  char* place = weights + swizzled(row0, piece);
  // Copies the taps of a step, for planes c and on; a division or a loop whose end the compiler does not know takes as
  // long here as the products.
  auto load_weights = [&](int step, int part, int c) {
#pragma unroll
    for (int tap = 0; tap < EACH; tap++)
#pragma unroll
      for (int row = 0; row < BN; row += ROWS) {
        bool ok = n0 + row0 + row < d.O;
        const int source = ok ? mine + row * kernel + (part * EACH + tap) * d.C + c : 0;
        cp_async16(place + (step % STAGES * EACH * BN + tap * BN + row) * 128, w + source, ok);
      }
  };

  look(blockIdx.x);
  __syncthreads();
  load_halos(0, MINE, 0, 0);
#pragma unroll
  for (int step = 0; step < AHEAD; step++) {
    load_weights(step, step, 0);
    cp_async_commit();
  }
  for (int tile = blockIdx.x, step = 0, buffer = 0; tile < tiles; tile += gridDim.x) {
    const bool goes_on = tile + gridDim.x < tiles;
    float acc[BN / 2] = {};
    for (int c = 0; c < d.C; c += BK, buffer ^= 1) {
      const bool more = c + BK < d.C;  // of these pixels' planes; else those of the next ones, if there are any
      const char* halo = halos + buffer * HALOS + group * HEIGHT * WIDTH * 128;
#pragma unroll
      for (int part = 0; part < STEPS; part++, step++) {
        cp_async_wait<AHEAD - 1>();
        fence_for_wgmma();
        __syncthreads();  // what this step multiplies is there, and nobody multiplies that of two steps ago any more
        wgmma_begin();
#pragma unroll
        for (int tap = part * EACH; tap < (part + 1) * EACH; tap++) {
          const Operand a = operand(halo + (tap / S * WIDTH + tap % S) * 128, WIDTH * 128);
          const Operand b = operand(weights + (step % STAGES * EACH + tap % EACH) * BN * 128);
#pragma unroll
          for (int k = 0; k < 128; k += 32) Warpgroup<T, BN>::multiply(acc, further(a, k), further(b, k));
        }
        wgmma_commit();
        if (part + AHEAD < STEPS) load_weights(step + AHEAD, part + AHEAD, c);
        else if (more || goes_on) load_weights(step + AHEAD, part + AHEAD - STEPS, more ? c + BK : 0);
        if (part == 0 && !more && goes_on) look(tile + gridDim.x);
        // From the second step on, when nobody is at the last planes any more, and soon enough: some in each, for all of
        // them at once would have to be there before the next step but one.
        if (part >= 1 && part <= LOADING && (more || goes_on))
          load_halos((part - 1) * EACH_TIME, part * EACH_TIME, more ? c + BK : 0, buffer ^ 1);
        cp_async_commit();
        wgmma_wait<1>();
      }
    }
    wgmma_wait<0>();

    const Place at(tile * GROUPS + group, blocks);
    const int h = at.h + tid / 32 % 4 * 2, v = at.w + lane / 4;
    auto is_there = [&](int half) { return tile * GROUPS + group < count && h + half < d.OH && v < d.OW; };
    if (finish.moments) {
      add_up_columns<2, BN / 8>(
          sums + tid / 32 * 2 * BN, BN, [&](int half, int j) { return acc + j * 4 + half * 2; }, is_there);
      leave_moments<THREADS>(sums, THREADS / 32, BN, finish.moments, tile, n0, d.O);
    }
#pragma unroll
    for (int half = 0; half < 2; half++) {
      if (!is_there(half)) continue;
      finish.template store<BN / 8>(y, ((size_t)(at.n * d.OH + h + half) * d.OW + v) * d.O, n0 + lane % 4 * 2, d.O,
                                    [&](int j) { return acc + j * 4 + half * 2; });
    }
  }
  cp_async_wait<0>();
}

// The same for 64 planes of x and 64 or fewer of y, in float: all weights stay in shared memory, and each block of threads
// goes on from some 8 x 8 pixels to others until none are left, each of its warpgroups for itself. While 32 planes are
// multiplied, the next 64 are on their way, and what came out before is written.
template <int R, int S>
__global__ void __launch_bounds__(256, 1)
conv_resident(const float* __restrict__ x, const float* __restrict__ w, float* __restrict__ y, Conv d,
              Finish<float> finish, Blocks blocks) {
  constexpr int GROUPS = 2, THREADS = GROUPS * 128, PLANES = 64, BK = 32, VEC = 4, TAPS = R * S, EIGHTS = PLANES / 8;
  constexpr int HEIGHT = SIDE + R - 1, WIDTH = SIDE + S - 1, PIXELS = HEIGHT * WIDTH, BUFFERS = 3, ROWS = 128 / PIECES;
  constexpr int MINE = (PIXELS + ROWS - 1) / ROWS, HALO = (PIXELS * 128 + GROUP - 1) / GROUP * GROUP;
  static_assert(BUFFERS == 3 && PLANES == 2 * BK, "two halves of the planes are on their way");
  DYN_SHARED(char, smem);
  char* weights = smem + (GROUP - ((size_t)smem & (GROUP - 1))) % GROUP;  // [PLANES / BK][TAPS][PLANES][128]
  char* halos = weights + TAPS * PLANES * PLANES * 4;                    // [GROUPS][BUFFERS][PIXELS][128]

  const int tid = threadIdx.x, lane = tid % 32, own = tid % 128, piece = own % PIECES;
  const int group = __shfl_sync(~0u, tid / 128, 0);  // so the compiler knows that a warp is of one
  const int first = blockIdx.x * GROUPS + group, step = gridDim.x * GROUPS, count = d.N * blocks.image.number;
  halos += group * BUFFERS * HALO;

  __shared__ int places[GROUPS][2][PIXELS];  // where the pixels lie that are copied next, and then; -1: there is none
  int(*where)[PIXELS] = places[group];
  static_assert(PIXELS <= 128, "a thread looks for one");
  auto look = [&](int number, int turn) {
    if (own < PIXELS) where[turn][own] = look_for(own, number, HEIGHT, WIDTH, d, blocks);
  };
  auto load = [&](int c, int buffer, int turn) {
#pragma unroll
    for (int i = 0; i < MINE; i++) {
      int pixel = own / PIECES + i * ROWS;
      if (PIXELS % ROWS && pixel >= PIXELS) break;
      const int at = where[turn][pixel];
      cp_async16(halos + buffer * HALO + swizzled(pixel, piece), x + (at < 0 ? 0 : at + c + piece * VEC), at >= 0);
    }
  };

  float sum[EIGHTS][2] = {}, square[EIGHTS][2] = {};  // over all pixels of this lane
  float2 biases[EIGHTS], residuals[2][EIGHTS];  // of the lane's planes; of its pixels in two rows
  finish.fetch_bias(biases, lane % 4 * 2, d.O);
  auto place = [&](int number, int half, size_t& at) {  // of the lane's pixel; whether there is one
    const Place block(number, blocks);
    const int h = block.h + own / 32 * 2 + half, v = block.w + lane / 4;
    at = ((size_t)(block.n * d.OH + h) * d.OW + v) * d.O;
    return h < d.OH && v < d.OW;
  };
  auto fetch = [&](int number) {  // a step before it is needed
#pragma unroll
    for (int half = 0; half < 2; half++) {
      size_t at;
      if (place(number, half, at)) finish.fetch_residual(residuals[half], at, lane % 4 * 2, d.O);
    }
  };
  auto write = [&](float (&acc)[PLANES / 2], int number) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
      size_t at;
      if (!place(number, half, at)) continue;
      if (finish.moments)
#pragma unroll
        for (int i = 0; i < 2 * EIGHTS; i++) {
          float value = acc[i / 2 * 4 + half * 2 + i % 2];
          sum[i / 2][i % 2] += value, square[i / 2][i % 2] += value * value;
        }
      finish.put(y, at, lane % 4 * 2, d.O, biases, residuals[half], [&](int j) { return acc + j * 4 + half * 2; });
    }
  };

  int buffer = 0;  // of what is multiplied next
  auto multiply = [&](float (&acc)[PLANES / 2], float (&before)[PLANES / 2], int number, int turn) {
#pragma unroll
    for (int half = 0; half < PLANES / BK; half++) {
      cp_async_wait<1>();
      fence_for_wgmma();
      sync_some(1 + group, 128);  // these planes are there for all four warps, and none multiplies those before any more
      if (number + step < count) load(half * BK, buffer == 0 ? 2 : buffer - 1, turn ^ 1);
      cp_async_commit();
      if (half == 0)
#pragma unroll
        for (int i = 0; i < PLANES / 2; i++) acc[i] = 0;
      const char* halo = halos + buffer * HALO;
#pragma unroll 1
      for (int r = 0; r < R; r++) {
        wgmma_begin();
#pragma unroll
        for (int s = 0; s < S; s++) {
          const Operand a = operand(halo + (r * WIDTH + s) * 128, WIDTH * 128);
          const Operand b = operand(weights + (half * TAPS + r * S + s) * PLANES * 128);
#pragma unroll
          for (int k = 0; k < 128; k += 32) Warpgroup<float, PLANES>::multiply(acc, further(a, k), further(b, k));
        }
      }
      wgmma_commit();
      wgmma_wait<1>();  // for nothing: so the compiler knows that `before` may be read
      if (half == 0 && number > first) write(before, number - step);
      if (half == 1) fetch(number);
      if (half == 1 && number + 2 * step < count) look(number + 2 * step, turn);
      wgmma_wait<0>();
      buffer = buffer == 2 ? 0 : buffer + 1;
    }
  };

  for (int i = tid / PIECES; i < PLANES / BK * TAPS * PLANES; i += GROUPS * ROWS) {
    const int o = i % PLANES, tap = i / PLANES % TAPS, half = i / PLANES / TAPS;
    const float* source = o < d.O ? w + ((size_t)o * TAPS + tap) * PLANES + half * BK + piece * VEC : w;
    cp_async16(weights + swizzled(i, piece), source, o < d.O);
  }
  cp_async_commit();
  look(first, 0);
  look(first + step, 1);
  sync_some(1 + group, 128);
#pragma unroll
  for (int half = 0; half < PLANES / BK; half++) {
    load(half * BK, half, 0);
    cp_async_commit();
  }
  cp_async_wait<2>();
  fence_for_wgmma();
  __syncthreads();  // the weights are there for everyone
  float one[PLANES / 2], two[PLANES / 2];  // sums, by turns
  int number = first;
  for (; number + step < count; number += 2 * step) multiply(one, two, number, 0), multiply(two, one, number + step, 1);
  if (number < count) {
    multiply(one, two, number, 0);
    write(one, number);
  } else if (number > first) {
    write(two, number - step);
  }
  cp_async_wait<0>();

  if (finish.moments) {
    float* sums = reinterpret_cast<float*>(weights);  // [THREADS / 32][2][PLANES], where nobody multiplies any more
    __syncthreads();
#pragma unroll
    for (int j = 0; j < EIGHTS; j++) add_up_lanes(sums + tid / 32 * 2 * PLANES, PLANES, j, sum[j], square[j]);
    leave_moments<THREADS>(sums, THREADS / 32, PLANES, finish.moments, blockIdx.x, 0, d.O);
  }
}

// part[z, (t, c), o] = sum over the pixels m of the 8 x 8 blocks of slice z of x[pixel(m) + t, c] gradOutput[m, o].
//
// Slices are `slice` blocks each. A block of threads makes all taps of 64 planes of x and 64 of gradOutput, each of its R
// warpgroups the S taps of a row. Products want gradOutput with pixels along its rows: it is turned in shared memory, that
// of the next block while this one's is multiplied.
template <int STAGES, int R, int S>
__global__ void __launch_bounds__(R * 128)
weight_gradient_halo(const float* __restrict__ x, const float* __restrict__ gradOutput, float* __restrict__ part, Conv d,
                     Blocks blocks, int slice) {
  constexpr int THREADS = R * 128, PLANES = 64, LA = PLANES + 8, BLOCK = SIDE * SIDE, TURNED = 2 * PLANES * 128;
  constexpr int HEIGHT = SIDE + R - 1, WIDTH = SIDE + S - 1, PIXELS = HEIGHT * WIDTH;
  constexpr int PER_PIXEL = PLANES / 4, ROWS = THREADS / PER_PIXEL;
  DYN_SHARED(char, smem);
  static_assert(STAGES == 4, "a block is multiplied, one is turned, and two are on their way");
  char* turned = smem + (GROUP - ((size_t)smem & (GROUP - 1))) % GROUP;  // [2][2][PLANES][128]: 32 pixels, and 32 more
  float* grads = reinterpret_cast<float*>(turned + 2 * TURNED);          // [STAGES][BLOCK][PLANES]
  float* halos = grads + STAGES * BLOCK * PLANES;                        // [STAGES][PIXELS][LA]

  const int tid = threadIdx.x, lane = tid % 32, g = lane / 4, t = lane % 4, r = tid / 128, warp = tid / 32 % 4;
  const int c0 = blockIdx.x * PLANES, n0 = blockIdx.y * PLANES, count = d.N * blocks.image.number;
  const int first = blockIdx.z * slice, last = min(first + slice, count);
  const int col = tid % PER_PIXEL * 4, row0 = tid / PER_PIXEL;
  const bool ok_c = c0 + col < d.C, ok_o = n0 + col < d.O;

  // Copies a block, in as many parts as it has rows: each thread a pixel of x, or of gradOutput, in each part.
  constexpr int MAP = (PIXELS + ROWS - 1) / ROWS, PARTS = MAP + (BLOCK + ROWS - 1) / ROWS;
  static_assert(PARTS <= SIDE, "there is a part for each row");
  auto load = [&](int part, const Place& at, int stage) {
    const int pixel = row0 + (part < MAP ? part : part - MAP) * ROWS;
    if (part < MAP) {
      const int h = at.h - d.padH + pixel / WIDTH, v = at.w - d.padW + pixel % WIDTH;
      bool ok = ok_c && (unsigned)h < (unsigned)d.H && (unsigned)v < (unsigned)d.W;
      const float* from = ok ? x + (((at.n * d.H + h) * d.W + v) * d.C + c0 + col) : x;
      if (pixel < PIXELS) cp_async16(halos + (stage * PIXELS + pixel) * LA + col, from, ok);
    } else if (part < PARTS) {
      const int h = at.h + pixel / SIDE, v = at.w + pixel % SIDE;
      bool ok = ok_o && h < d.OH && v < d.OW;
      const float* from = ok ? gradOutput + (((at.n * d.OH + h) * d.OW + v) * d.O + n0 + col) : gradOutput;
      if (pixel < BLOCK) cp_async16(grads + (stage * BLOCK + pixel) * PLANES + col, from, ok);
    }
  };
  constexpr int SHARES = (PLANES * BLOCK / 4 + THREADS - 1) / THREADS;  // of the work to turn a block
  auto turn = [&](int share, const float* from, char* to) {             // a warp turns 4 pixels of 32 planes at a time
    const int i = share * THREADS + tid, plane = i % PLANES, piece = i / PLANES;
    if (i >= PLANES * BLOCK / 4) return;
    float4 pixels;
    float* at = &pixels.x;
#pragma unroll
    for (int e = 0; e < 4; e++) at[e] = __uint_as_float(to_tf32(from[(piece * 4 + e) * PLANES + plane]));
    *reinterpret_cast<float4*>(to + piece / PIECES * PLANES * 128 + swizzled(plane, piece % PIECES)) = pixels;
  };

  float acc[S][PLANES / 2] = {};
  for (int stage = 0; stage < STAGES - 1; stage++) {
    const Place at(first + stage, blocks);
    for (int part = 0; part < PARTS && first + stage < last; part++) load(part, at, stage);
    cp_async_commit();
  }
  cp_async_wait<STAGES - 2>();
  __syncthreads();
  for (int share = 0; share < SHARES; share++) turn(share, grads, turned);
  const Operand b = operand(turned);
  for (int number = first, stage = 0, side = 0; number < last; number++, stage = (stage + 1) % STAGES) {
    cp_async_wait<STAGES - 3>();
    fence_for_wgmma();
    __syncthreads();  // this block is turned, the next one there for everyone, and nobody multiplies the last any more
    const Place next(number + STAGES - 1, blocks);
    const float* later = grads + (stage + 1) % STAGES * BLOCK * PLANES;
    const float* pa = halos + (stage * PIXELS + r * WIDTH + t) * LA + warp * 16 + g;
    unsigned a[2][S][4];
#pragma unroll
    for (int row = 0; row < SIDE; row++) {  // of the block: 8 pixels are what is added up by a product
#pragma unroll
      for (int s = 0; s < S; s++)
#pragma unroll
        for (int e = 0; e < 4; e++)
          a[row % 2][s][e] = to_tf32(pa[(row * WIDTH + s + (e >> 1) * 4) * LA + (e & 1) * 8]);
      const Operand pixels = further(b, side * TURNED + row / 4 * PLANES * 128 + row % 4 * 32);
      wgmma_begin();
#pragma unroll
      for (int s = 0; s < S; s++) Warpgroup<float, PLANES>::multiply(acc[s], a[row % 2][s], pixels);
      wgmma_commit();
      if (number + STAGES - 1 < last) load(row, next, (stage + STAGES - 1) % STAGES);
      if (row % 2 && row / 2 < SHARES && number + 1 < last) turn(row / 2, later, turned + (side ^ 1) * TURNED);
      wgmma_wait<1>();
    }
    cp_async_commit();
    wgmma_wait<0>();
    side ^= 1;
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
      for (int j = 0; j < PLANES / 8; j++) {
        int o = n0 + j * 8 + t * 2;
        store_two(out, o, d.O, acc[s][j * 4 + half * 2], acc[s][j * 4 + half * 2 + 1]);
      }
    }
}
