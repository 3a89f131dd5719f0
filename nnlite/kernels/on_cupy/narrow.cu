// Convolution of images with few planes and stride 1 on tensor cores: as in halo.cu blocks of 8 x 8 pixels are copied
// once with the halo around them, and here the weights of all taps beside them. Then nothing is waited for any more.
//
// Numbers are float, products of TF32; C planes are read, C and O being 16 or 32.
#include "blocks.h"
#include "finish.h"
#include "implicit.h"

// Copies pixels of an image, of C planes each, in rows of WIDTH, into rows of LD numbers; zeros where there are none, or
// the block `is_there` not. The first pixel is at row h and column v of image n, which has H x W. Thread `number` of
// THREADS does its part.
template <int PIXELS, int WIDTH, int C, int LD, int THREADS>
__device__ __forceinline__ void copy_block(float* to, const float* x, int n, int h, int v, int H, int W, int number,
                                           bool is_there) {
  constexpr int PER_PIXEL = C / 4, COUNT = PIXELS * PER_PIXEL;
  const float* from = x + ((ptrdiff_t)(n * H + h) * W + v) * C;
#pragma unroll 4
  for (int first = 0; first < COUNT; first += THREADS) {
    const int i = first + number, piece = i % PER_PIXEL * 4, pixel = i / PER_PIXEL, row = pixel / WIDTH;
    const int column = pixel % WIDTH;
    if (i >= COUNT) break;
    bool ok = is_there && (unsigned)(h + row) < (unsigned)H && (unsigned)(v + column) < (unsigned)W;
    cp_async16(to + pixel * LD + piece, ok ? from + (row * W + column) * C + piece : x, ok);
  }
}

// y[m, o] = the sum over taps t and planes c of x[pixel(m) + t, c] w[o, t, c], finished; the kernel is R x S.
// Each of the WARPS of a block makes 8 x 8 pixels of O planes.
template <int C, int O, int WARPS, int R, int S>
__global__ void __launch_bounds__(WARPS * 32)
conv_narrow(const float* __restrict__ x, const float* __restrict__ w, float* __restrict__ y, Conv d,
            Finish<float> finish, Blocks blocks) {
  constexpr int THREADS = WARPS * 32, LD = C + 4, TAPS = R * S, PER_PIXEL = C / 4, MI = SIDE * SIDE / 16, NI = O / 8;
  constexpr int HEIGHT = SIDE + R - 1, WIDTH = SIDE + S - 1, PIXELS = HEIGHT * WIDTH;
  DYN_SHARED(float, smem);
  float* weights = smem;                      // [TAPS][O][LD]
  float* halos = weights + TAPS * O * LD;     // [WARPS][PIXELS][LD]

  const int tid = threadIdx.x, lane = tid % 32, warp = tid / 32;
  const int first = blockIdx.x * WARPS, count = d.N * blocks.image.number;
  for (int i = tid; i < TAPS * O * PER_PIXEL; i += THREADS) {
    int piece = i % PER_PIXEL * 4, o = i / PER_PIXEL % O, tap = i / PER_PIXEL / O;
    cp_async16(weights + (tap * O + o) * LD + piece, w + ((size_t)o * TAPS + tap) * C + piece, true);
  }
  const Place at(first + warp, blocks);
  copy_block<PIXELS, WIDTH, C, LD, 32>(halos + warp * PIXELS * LD, x, at.n, at.h - d.padH, at.w - d.padW, d.H, d.W, lane,
                                       first + warp < count);
  cp_async_commit();
  cp_async_wait<0>();
  __syncthreads();

  float acc[MI][NI][4] = {};
  // Rows of the fragments that this lane names to ldmatrix.
  const float* pa = halos + (warp * PIXELS + lane % 16 / SIDE * WIDTH + lane % SIDE) * LD + lane / 16 * 4;
  const float* pb = weights + (lane % 8 + lane / 16 * 8) * LD + lane / 8 % 2 * 4;
#pragma unroll 1
  for (int r = 0; r < R; r++)
#pragma unroll
    for (int s = 0; s < S; s++)
#pragma unroll
      for (int k = 0; k < C; k += 8) {
        unsigned a[MI][4], b[NI / 2][4];
#pragma unroll
        for (int i = 0; i < MI; i++) ldmatrix_x4(a[i], pa + ((2 * i + r) * WIDTH + s) * LD + k);
#pragma unroll
        for (int j = 0; j < NI / 2; j++) ldmatrix_x4(b[j], pb + ((r * S + s) * O + j * 16) * LD + k);
#pragma unroll
        for (int i = 0; i < MI; i++)
#pragma unroll
          for (int e = 0; e < 4; e++) a[i][e] = to_tf32(__uint_as_float(a[i][e]));
#pragma unroll
        for (int i = 0; i < MI; i++)
#pragma unroll
          for (int j = 0; j < NI; j++) mma_m16n8k8_tf32(acc[i][j], a[i], b[j / 2] + j % 2 * 2);
      }

  const int v = at.w + lane / 4;
  auto is_there = [&](int row) { return first + warp < count && at.h + row < d.OH && v < d.OW; };
  if (finish.moments) {
    __syncthreads();  // nobody multiplies any more
    add_up_columns<2 * MI, NI>(
        smem + warp * 2 * O, O, [&](int row, int j) { return acc[row / 2][j] + row % 2 * 2; }, is_there);
    leave_moments<THREADS>(smem, WARPS, O, finish.moments, blockIdx.x, 0, O);
  }
#pragma unroll
  for (int row = 0; row < SIDE; row++) {
    if (!is_there(row)) continue;
    finish.template store<NI>(y, ((size_t)(at.n * d.OH + at.h + row) * d.OW + v) * O, lane % 4 * 2, O,
                              [&](int j) { return acc[row / 2][j] + row % 2 * 2; });
  }
}

// part[z, o, (t, c)] = sum over the pixels m of the 8 x 8 blocks of slice z of gradOutput[m, o] x[pixel(m) + t, c].
// Slices are `slice` times GROUPS blocks each. Each of the GROUPS of R warps takes blocks of its own, a warp the S taps of
// a row; at the end the groups' sums are added up in their order.
template <int C, int O, int GROUPS, int R, int S>
__global__ void __launch_bounds__(GROUPS * R * 32)
weight_gradient_narrow(const float* __restrict__ x, const float* __restrict__ gradOutput, float* __restrict__ part,
                       Conv d, Blocks blocks, int slice) {
  constexpr int THREADS = GROUPS * R * 32, LX = C + 8, LG = O + 8, TAPS = R * S, MI = O / 16, NI = C / 8;
  constexpr int HEIGHT = SIDE + R - 1, WIDTH = SIDE + S - 1, PIXELS = HEIGHT * WIDTH, BLOCK = SIDE * SIDE;
  constexpr int STAGE = GROUPS * (PIXELS * LX + BLOCK * LG);  // numbers of a stage, of which there are two
  static_assert(C % 16 == 0 && O % 16 == 0, "rows are to lie in all banks");
  DYN_SHARED(float, smem);

  const int tid = threadIdx.x, lane = tid % 32, g = lane / 4, t = lane % 4, group = tid / 32 / R, r = tid / 32 % R;
  const int count = d.N * blocks.image.number, first = blockIdx.x * slice * GROUPS;
  const int last = min(first + slice * GROUPS, count);
  auto load = [&](int number, float* halos) {  // of `number` and the blocks that follow, one for each group
    const int block = number + group, own = tid % (R * 32);
    const Place at(block, blocks);
    float* grads = halos + GROUPS * PIXELS * LX + group * BLOCK * LG;
    copy_block<PIXELS, WIDTH, C, LX, R * 32>(halos + group * PIXELS * LX, x, at.n, at.h - d.padH, at.w - d.padW, d.H, d.W,
                                             own, block < last);
    copy_block<BLOCK, SIDE, O, LG, R * 32>(grads, gradOutput, at.n, at.h, at.w, d.OH, d.OW, own, block < last);
  };

  float acc[S][MI][NI][4] = {};
  if (first < last) load(first, smem);
  cp_async_commit();
  for (int number = first, stage = 0; number < last; number += GROUPS, stage ^= 1) {
    cp_async_wait<0>();
    __syncthreads();  // the blocks are there for everyone, and nobody is at the ones before any more
    if (number + GROUPS < last) load(number + GROUPS, smem + (stage ^ 1) * STAGE);
    cp_async_commit();
    const float* halo = smem + stage * STAGE + (group * PIXELS + r * WIDTH + t) * LX + g;
    const float* grads = smem + stage * STAGE + GROUPS * PIXELS * LX + (group * BLOCK + t) * LG + g;
#pragma unroll 2
    for (int row = 0; row < SIDE; row++) {  // of the block: 8 pixels are what is added up by a product
      unsigned a[MI][4];
#pragma unroll
      for (int i = 0; i < MI; i++)
#pragma unroll
        for (int e = 0; e < 4; e++)
          a[i][e] = to_tf32(grads[(row * SIDE + (e >> 1) * 4) * LG + i * 16 + (e & 1) * 8]);
#pragma unroll
      for (int s = 0; s < S; s++)
#pragma unroll
        for (int j = 0; j < NI; j++) {
          unsigned b[2];
#pragma unroll
          for (int e = 0; e < 2; e++) b[e] = to_tf32(halo[(row * WIDTH + s + e * 4) * LX + j * 8]);
#pragma unroll
          for (int i = 0; i < MI; i++) mma_m16n8k8_tf32(acc[s][i][j], a[i], b);
        }
    }
  }

  cp_async_wait<0>();
  float* sums = smem;  // [GROUPS][R * S * O * C], in place of the blocks
  __syncthreads();
#pragma unroll
  for (int s = 0; s < S; s++)
#pragma unroll
    for (int i = 0; i < MI; i++)
#pragma unroll
      for (int j = 0; j < NI; j++)
#pragma unroll
        for (int e = 0; e < 4; e++) {
          int o = i * 16 + g + (e >> 1) * 8, c = j * 8 + 2 * t + (e & 1);
          sums[((group * O + o) * TAPS + r * S + s) * C + c] = acc[s][i][j][e];
        }
  __syncthreads();
  for (int i = tid; i < O * TAPS * C; i += THREADS) {
    float sum = 0;
    for (int k = 0; k < GROUPS; k++) sum += sums[k * O * TAPS * C + i];
    part[(size_t)blockIdx.x * O * TAPS * C + i] = sum;
  }
}
