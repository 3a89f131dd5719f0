// Convolution as an implicit matrix product by multiply-adds: the columns of im2col are never written; each block
// copies the pieces that it multiplies from the maps into shared memory. With all sides 1 it is a product of matrices.
//
// A block makes BM x BN numbers of the result, a thread TM x TN of them. The reduction goes BK terms at a time: while
// one piece is multiplied, the next is on its way from memory to registers. V numbers are read at once.
#include "finish.h"
#include "geometry.h"

constexpr int BK = 16;
template <class T> constexpr int OCCUPANCY = sizeof(T) > 4 ? 256 : 512;  // threads for which there are registers
constexpr int FAR = -(1 << 29);  // beside every map, and so is the sum of two

// One side of the maps. Of the taps those that count are first + step * (0 .. taps - 1), of the pixels written those of
// this block from + apart * (0 .. pixels - 1); tap t of pixel p looks at pixel start + along * p + jump * t of `size`.
struct Side {
  int first, step, taps, from, apart, pixels, start, along, jump, size;

  __device__ void forward(const Geometry& g, int side) {
    first = 0, step = 1, taps = g.kernel[side];
    from = 0, apart = 1, pixels = g.out[side];
    start = -g.padding[side], along = g.stride[side], jump = g.dilation[side], size = g.space[side];
  }
  // Pixels of the input that differ by the stride were seen by the same taps: they are a phase.
  __device__ void back(const Geometry& g, int side, int phase) {
    int stride = g.stride[side], gap = g.dilation[side], reach = phase + g.padding[side];
    for (first = 0; first < g.kernel[side] && (reach - first * gap) % stride != 0;) first++;
    for (step = 1; step * gap % stride != 0;) step++;
    taps = (g.kernel[side] - first + step - 1) / step;
    from = phase, apart = stride, pixels = max(0, (g.space[side] - phase + stride - 1) / stride);
    start = (reach - first * gap) / stride, along = 1, jump = -step * gap / stride, size = g.out[side];
  }
};

// The share of one thread in a block's product: TM x TN sums, in groups of 4 x 4 that lie apart.
template <class C, int BM, int BN, int TM, int TN> struct Sums {
  static constexpr int ACROSS = BN / TN, THREADS = BM / TM * ACROSS;
  C at[TM][TN];

  __device__ __forceinline__ static int row(int i) {
    return threadIdx.x / ACROSS * 4 + i / 4 * (BM / (TM / 4)) + i % 4;
  }
  __device__ __forceinline__ static int column(int j) {
    return threadIdx.x % ACROSS * 4 + j / 4 * (BN / (TN / 4)) + j % 4;
  }

  __device__ __forceinline__ void clear() {
#pragma unroll
    for (int i = 0; i < TM; i++)
#pragma unroll
      for (int j = 0; j < TN; j++) at[i][j] = 0;
  }
  __device__ __forceinline__ void add(const C (*a)[BM + 4], const C (*b)[BN + 4]) {
#pragma unroll
    for (int k = 0; k < BK; k++) {
      Vector<C, 4> mine[TM / 4], yours[TN / 4];
#pragma unroll
      for (int i = 0; i < TM; i += 4) mine[i / 4] = *reinterpret_cast<const Vector<C, 4>*>(&a[k][row(i)]);
#pragma unroll
      for (int j = 0; j < TN; j += 4) yours[j / 4] = *reinterpret_cast<const Vector<C, 4>*>(&b[k][column(j)]);
#pragma unroll
      for (int i = 0; i < TM; i++)
#pragma unroll
        for (int j = 0; j < TN; j++) at[i][j] += mine[i / 4].at[i % 4] * yours[j / 4].at[j % 4];
    }
  }
};

template <class T, int V> __device__ __forceinline__ Vector<T, V> load(const T* from, bool ok) {
  if (ok) return *reinterpret_cast<const Vector<T, V>*>(from);
  Vector<T, V> zeros;
  for (int v = 0; v < V; v++) zeros.at[v] = narrow<T>(0);
  return zeros;
}

// written[m, n] = the sum over taps and planes of read[the pixel of m under the tap, plane] * weight, finished.
// Forward that is input and weight (n, tap, plane); BACK it is gradOutput and weight (plane, tap, n), the columns those
// of gradInput. blockIdx.x: rows, .y: columns, .z: phase + phases * slice. With more slices of the reduction than one,
// each leaves its part of the sums in `parts`.
template <class T, int BM, int BN, int TM, int TN, int V, bool BACK>
__global__ void __launch_bounds__(BM / TM * (BN / TN), OCCUPANCY<T> / (BM / TM * (BN / TN)))
convolve(const T* __restrict__ read, const T* __restrict__ weight, T* __restrict__ written,
         computed<T>* __restrict__ parts, Geometry g, Finish<T> finish, int slices) {
  using C = computed<T>;
  constexpr int THREADS = BM / TM * (BN / TN), ALONG = BK / V, ACROSS = BN / V;
  constexpr int A = BM * ALONG / THREADS, B = BN * ALONG / THREADS;
  static_assert(A * THREADS == BM * ALONG && B * THREADS == BN * ALONG, "all threads copy equally much");
  __shared__ __align__(16) C a[2][BK][BM + 4];
  __shared__ __align__(16) C b[2][BK][BN + 4];
  __shared__ int4 rows[BM];      // number of the first pixel of the map; where tap 0 looks
  __shared__ int target[BM];     // number of the pixel that is written
  __shared__ int4 steps[2][BK];  // plane; how far from there the tap looks
  __shared__ int places[2][BK];  // of the weight, forward of column 0
  __shared__ Side sides[3];

  const int tid = threadIdx.x, m0 = blockIdx.x * BM, n0 = blockIdx.y * BN;
  const int planes = BACK ? g.outputs : g.planes, columns = BACK ? g.planes : g.outputs;
  const int phases = BACK ? product(g.stride) : 1, slice = blockIdx.z / phases;
  if (tid < 3) {
    int phase[3];
    place(blockIdx.z % phases, g.stride, phase);
    BACK ? sides[tid].back(g, tid, phase[tid]) : sides[tid].forward(g, tid);
  }
  __syncthreads();

  const int pixels[3] = {sides[0].pixels, sides[1].pixels, sides[2].pixels};
  const int taps[3] = {sides[0].taps, sides[1].taps, sides[2].taps};
  const int size[3] = {sides[0].size, sides[1].size, sides[2].size};
  const int count = g.images * product(pixels);
  if (m0 >= count) return;
  for (int i = tid; i < BM; i += THREADS) {
    int at[3], image = place(min(m0 + i, count - 1), pixels, at), to = image;
    for (int side = 0; side < 3; side++)
      to = to * (BACK ? g.space : g.out)[side] + sides[side].from + sides[side].apart * at[side];
    for (int side = 0; side < 3; side++) at[side] = sides[side].start + sides[side].along * at[side];
    rows[i] = make_int4(image * product(size), m0 + i < count ? at[0] : FAR, at[1], at[2]);
    target[i] = to;
  }

  // Threads 0 .. BK - 1 look ahead, each at every BK-th of the terms.
  const int terms = product(taps) * planes, pieces = (terms + BK - 1) / BK, share = (pieces + slices - 1) / slices;
  const int begin = slice * share, tiles = min(share, pieces - begin);
  int plane = 0, tap[3] = {};
  if (tid < BK && terms > 0) {
    plane = (begin * BK + tid) % planes;
    tap[0] += place((begin * BK + tid) / planes, taps, tap) * taps[0];
  }
  auto look = [&](int tile) {
    if (tid >= BK) return;
    bool any = tap[0] < taps[0] && terms > 0;
    int number = 0;
    for (int side = 0; side < 3; side++)
      number = number * g.kernel[side] + sides[side].first + sides[side].step * tap[side];
    steps[tile & 1][tid] = make_int4(plane, any ? tap[0] * sides[0].jump : FAR, tap[1] * sides[1].jump,
                                     tap[2] * sides[2].jump);
    places[tile & 1][tid] = !any ? -1 : BACK ? (plane * product(g.kernel) + number) * columns : number * planes + plane;
    plane += BK;
    while (any && plane >= planes) {
      plane -= planes;
      if (++tap[2] == taps[2]) {
        tap[2] = 0;
        if (++tap[1] == taps[1]) tap[1] = 0, tap[0]++;
      }
    }
  };

  Vector<T, V> next_a[A], next_b[B];
  const int k = tid % ALONG * V;  // of what this thread reads along the terms
  auto fetch = [&](int tile) {
    const int4 step = steps[tile & 1][k];
#pragma unroll
    for (int i = 0; i < A; i++) {
      int4 row = rows[tid / ALONG + i * (THREADS / ALONG)];
      int z = row.y + step.y, y = row.z + step.z, x = row.w + step.w;
      bool ok = (unsigned)z < (unsigned)size[0] && (unsigned)y < (unsigned)size[1] && (unsigned)x < (unsigned)size[2];
      long long pixel = ok ? row.x + (z * size[1] + y) * size[2] + x : 0;
      next_a[i] = load<T, V>(read + pixel * planes + step.x, ok);
    }
#pragma unroll
    for (int i = 0; i < B; i++) {
      int place, n;
      if (BACK) {
        place = places[tile & 1][tid / ACROSS + i * (THREADS / ACROSS)], n = n0 + tid % ACROSS * V;
        next_b[i] = load<T, V>(weight + place + n, place >= 0 && n < columns);
      } else {
        place = places[tile & 1][k], n = n0 + tid / ALONG + i * (THREADS / ALONG);
        next_b[i] = load<T, V>(weight + (long long)n * terms + place, place >= 0 && n < columns);
      }
    }
  };
  auto store = [&](int tile) {
#pragma unroll
    for (int i = 0; i < A; i++)
#pragma unroll
      for (int v = 0; v < V; v++) a[tile & 1][k + v][tid / ALONG + i * (THREADS / ALONG)] = widen(next_a[i].at[v]);
#pragma unroll
    for (int i = 0; i < B; i++)
#pragma unroll
      for (int v = 0; v < V; v++)
        if (BACK) b[tile & 1][tid / ACROSS + i * (THREADS / ACROSS)][tid % ACROSS * V + v] = widen(next_b[i].at[v]);
        else b[tile & 1][k + v][tid / ALONG + i * (THREADS / ALONG)] = widen(next_b[i].at[v]);
  };

  Sums<C, BM, BN, TM, TN> sums;
  sums.clear();
  look(0);
  look(1);
  __syncthreads();
  if (tiles > 0) fetch(0), store(0);
  __syncthreads();
  for (int tile = 0; tile < tiles; tile++) {
    if (tile + 1 < tiles) fetch(tile + 1);
    look(tile + 2);  // in the place of what was read for this tile
    sums.add(a[tile & 1], b[tile & 1]);
    if (tile + 1 < tiles) store(tile + 1);
    __syncthreads();
  }

  const long long whole = (long long)g.images * product(BACK ? g.space : g.out) * columns;
#pragma unroll
  for (int i = 0; i < TM; i++) {
    if (m0 + sums.row(i) >= count) continue;
    long long to = (long long)target[sums.row(i)] * columns;
#pragma unroll
    for (int j = 0; j < TN; j += V) {
      int n = n0 + sums.column(j);
      if (n >= columns) continue;
      if (slices > 1) {
        Vector<C, V> value;
        for (int v = 0; v < V; v++) value.at[v] = sums.at[i][j + v];
        *reinterpret_cast<Vector<C, V>*>(parts + slice * whole + to + n) = value;
      } else {
        Vector<T, V> value;
        for (int v = 0; v < V; v++) value.at[v] = finish.value(sums.at[i][j + v], to + n + v, n + v);
        *reinterpret_cast<Vector<T, V>*>(written + to + n) = value;
      }
    }
  }
}

// parts[slice, o, (tap, plane)] = sum over a slice's pixels of gradOutput[pixel, o] input[pixel under the tap, plane].
// blockIdx.x: columns (tap, plane), .y: outputs, .z: slices.
template <class T, int BM, int BN, int TM, int TN, int V>
__global__ void __launch_bounds__(BM / TM * (BN / TN), OCCUPANCY<T> / (BM / TM * (BN / TN)))
weight_gradient(const T* __restrict__ input, const T* __restrict__ gradOutput, computed<T>* __restrict__ parts,
                Geometry g) {
  using C = computed<T>;
  constexpr int THREADS = BM / TM * (BN / TN), DOWN = BM / V, ACROSS = BN / V;
  constexpr int A = BK * DOWN / THREADS, B = BK * ACROSS / THREADS;
  static_assert(THREADS % DOWN == 0 && A * THREADS == BK * DOWN, "a thread copies always the same outputs");
  static_assert(THREADS % ACROSS == 0 && B * THREADS == BK * ACROSS, "a thread copies always the same columns");
  __shared__ __align__(16) C a[2][BK][BM + 4];
  __shared__ __align__(16) C b[2][BK][BN + 4];
  __shared__ int4 windows[2][BK];  // number of the first pixel of the map; where tap 0 looks

  const int tid = threadIdx.x, m0 = blockIdx.y * BM, n0 = blockIdx.x * BN;
  const int columns = product(g.kernel) * g.planes, pixels = g.images * product(g.out);
  const int pieces = (pixels + BK - 1) / BK, share = (pieces + gridDim.z - 1) / gridDim.z;
  const int begin = blockIdx.z * share, tiles = min(share, pieces - begin);

  const int m = m0 + tid % DOWN * V, n = n0 + tid % ACROSS * V, plane = n % g.planes;  // of what this thread reads
  int tap[3];
  place(n / g.planes, g.kernel, tap);
  for (int side = 0; side < 3; side++) tap[side] *= g.dilation[side];

  auto look = [&](int tile) {
    int pixel = (begin + tile) * BK + tid, at[3];
    if (tid >= BK) return;
    int image = place(pixel, g.out, at);
    for (int side = 0; side < 3; side++) at[side] = at[side] * g.stride[side] - g.padding[side];
    windows[tile & 1][tid] = make_int4(image * product(g.space), pixel < pixels ? at[0] : FAR, at[1], at[2]);
  };
  Vector<T, V> next_a[A], next_b[B];
  auto fetch = [&](int tile) {
#pragma unroll
    for (int i = 0; i < A; i++) {
      int pixel = (begin + tile) * BK + tid / DOWN + i * (THREADS / DOWN);
      next_a[i] = load<T, V>(gradOutput + (long long)pixel * g.outputs + m, pixel < pixels && m < g.outputs);
    }
#pragma unroll
    for (int i = 0; i < B; i++) {
      int4 window = windows[tile & 1][tid / ACROSS + i * (THREADS / ACROSS)];
      int z = window.y + tap[0], y = window.z + tap[1], x = window.w + tap[2];
      bool ok = n < columns && (unsigned)z < (unsigned)g.space[0] && (unsigned)y < (unsigned)g.space[1] &&
                (unsigned)x < (unsigned)g.space[2];
      long long pixel = ok ? window.x + (z * g.space[1] + y) * g.space[2] + x : 0;
      next_b[i] = load<T, V>(input + pixel * g.planes + plane, ok);
    }
  };
  auto store = [&](int tile) {
#pragma unroll
    for (int i = 0; i < A; i++)
#pragma unroll
      for (int v = 0; v < V; v++)
        a[tile & 1][tid / DOWN + i * (THREADS / DOWN)][tid % DOWN * V + v] = widen(next_a[i].at[v]);
#pragma unroll
    for (int i = 0; i < B; i++)
#pragma unroll
      for (int v = 0; v < V; v++)
        b[tile & 1][tid / ACROSS + i * (THREADS / ACROSS)][tid % ACROSS * V + v] = widen(next_b[i].at[v]);
  };

  Sums<C, BM, BN, TM, TN> sums;
  sums.clear();
  look(0);
  look(1);
  __syncthreads();
  if (tiles > 0) fetch(0), store(0);
  __syncthreads();
  for (int tile = 0; tile < tiles; tile++) {
    if (tile + 1 < tiles) fetch(tile + 1);
    look(tile + 2);
    sums.add(a[tile & 1], b[tile & 1]);
    if (tile + 1 < tiles) store(tile + 1);
    __syncthreads();
  }

#pragma unroll
  for (int i = 0; i < TM; i++)
#pragma unroll
    for (int j = 0; j < TN; j += V) {
      int row = m0 + sums.row(i), column = n0 + sums.column(j);
      if (row >= g.outputs || column >= columns) continue;
      Vector<C, V> value;
      for (int v = 0; v < V; v++) value.at[v] = sums.at[i][j + v];
      *reinterpret_cast<Vector<C, V>*>(parts + ((long long)blockIdx.z * g.outputs + row) * columns + column) = value;
    }
}
