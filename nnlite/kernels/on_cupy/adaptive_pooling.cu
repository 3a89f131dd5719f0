// Pooling over windows that cover a map of two sides, as many as the output has pixels.
#include "cuda_common.h"
#include "maps.h"

// The pixels of window `place` of `count`, over a side of `size` pixels.
struct Exact {
  __device__ static Run window(long long place, int count, int size) {
    return {int(place * size / count), int(((place + 1) * size + count - 1) / count)};
  }
};

// The same in THNN's order and precision: a window may reach a pixel further.
struct Single {
  __device__ static Run window(int place, int count, int size) {
    float begin = float(place) / float(count) * float(size), end = float(place + 1) / float(count) * float(size);
    return {int(floorf(begin)), int(ceilf(end))};
  }
};

// The windows that a pixel lies in; they cover the side, and neither begin nor end before those in front of them.
template <class Side> __device__ Run windows_over(int at, int count, int size) {
  int first = min(count - 1, int((long long)at * count / size));
  while (first > 0 && Side::window(first - 1, count, size).last > at) first--;
  while (Side::window(first, count, size).last <= at) first++;
  int last = first + 1;
  while (last < count && Side::window(last, count, size).first <= at) last++;
  return {first, last};
}

// Indices (2, N, C, oH, oW) are in C order: rows in the windows, from 1, then columns.
__device__ __forceinline__ long long note(int image, int plane, int y, int x, int planes, const Geometry& g) {
  return ((long long)image * planes + plane) * product(g.out) + pixel(0, y, x, g.out);
}

template <class T, int V> __global__ void adaptive_max_pool(const Vector<T, V>* input, Vector<T, V>* output,
                                                            long long* indices, Geometry g, int images, Walk walk,
                                                            int count) {
  int number = number_of_thread(), planes = walk.planes.by;
  if (number >= count) return;
  Spot out = spot(walk, number);
  Run rows = Single::window(out.at[1], g.out[1], g.space[1]), columns = Single::window(out.at[2], g.out[2], g.space[2]);
  int width = columns.last - columns.first;
  for (int image = blockIdx.y; image < images; image += gridDim.y) {
    const Vector<T, V>* maps = input + (long long)image * product(g.space) * planes + out.plane;
    computed<T> best[V];
    int winner[V] = {};
    for (int v = 0; v < V; v++) best[v] = minus_infinity<computed<T>>();
    for (int y = rows.first; y < rows.last; y++)
      for (int x = columns.first; x < columns.last; x++) {
        Vector<T, V> value = maps[(long long)pixel(0, y, x, g.space) * planes];
        for (int v = 0; v < V; v++) {
          bool larger = widen(value.at[v]) > best[v];
          best[v] = larger ? widen(value.at[v]) : best[v];
          winner[v] = larger ? (y - rows.first) * width + x - columns.first : winner[v];
        }
      }
    output[(long long)image * count + number] = narrowed<T>(best);
    for (int v = 0; v < V; v++) {
      long long at = note(image, out.plane * V + v, out.at[1], out.at[2], planes * V, g);
      indices[at] = winner[v] / width + 1;
      indices[(long long)images * count * V + at] = winner[v] % width + 1;
    }
  }
}

template <class T, int V> __global__ void adaptive_max_pool_back(const Vector<T, V>* gradOutput,
                                                                 Vector<T, V>* gradInput, const long long* indices,
                                                                 Geometry g, int images, Walk walk, int count) {
  int number = number_of_thread(), planes = walk.planes.by;
  if (number >= count) return;
  Spot in = spot(walk, number);
  Run rows = windows_over<Single>(in.at[1], g.out[1], g.space[1]);
  Run columns = windows_over<Single>(in.at[2], g.out[2], g.space[2]);
  long long half = (long long)images * product(g.out) * planes * V;
  for (int image = blockIdx.y; image < images; image += gridDim.y) {
    const Vector<T, V>* maps = gradOutput + (long long)image * product(g.out) * planes + in.plane;
    computed<T> sum[V] = {};
    for (int y = rows.first; y < rows.last; y++)
      for (int x = columns.first; x < columns.last; x++) {
        int row = in.at[1] - Single::window(y, g.out[1], g.space[1]).first + 1;
        int column = in.at[2] - Single::window(x, g.out[2], g.space[2]).first + 1;
        Vector<T, V> grad = maps[(long long)pixel(0, y, x, g.out) * planes];
        for (int v = 0; v < V; v++) {
          long long at = note(image, in.plane * V + v, y, x, planes * V, g);
          sum[v] += indices[at] == row && indices[half + at] == column ? widen(grad.at[v]) : 0;
        }
      }
    gradInput[(long long)image * count + number] = narrowed<T>(sum);
  }
}

template <class T, int V> __global__ void adaptive_average_pool(const Vector<T, V>* input, Vector<T, V>* output,
                                                                Geometry g, int images, Walk walk, int count) {
  int number = number_of_thread(), planes = walk.planes.by;
  if (number >= count) return;
  Spot out = spot(walk, number);
  Run rows = Exact::window(out.at[1], g.out[1], g.space[1]), columns = Exact::window(out.at[2], g.out[2], g.space[2]);
  computed<T> pixels = (rows.last - rows.first) * (columns.last - columns.first);
  for (int image = blockIdx.y; image < images; image += gridDim.y) {
    const Vector<T, V>* maps = input + (long long)image * product(g.space) * planes + out.plane;
    computed<T> sum[V] = {};
    for (int y = rows.first; y < rows.last; y++)
      for (int x = columns.first; x < columns.last; x++) {
        Vector<T, V> value = maps[(long long)pixel(0, y, x, g.space) * planes];
        for (int v = 0; v < V; v++) sum[v] += widen(value.at[v]);
      }
    for (int v = 0; v < V; v++) sum[v] /= pixels;
    output[(long long)image * count + number] = narrowed<T>(sum);
  }
}

template <class T, int V> __global__ void adaptive_average_pool_back(const Vector<T, V>* gradOutput,
                                                                     Vector<T, V>* gradInput, Geometry g, int images,
                                                                     Walk walk, int count) {
  int number = number_of_thread(), planes = walk.planes.by;
  if (number >= count) return;
  Spot in = spot(walk, number);
  Run rows = windows_over<Exact>(in.at[1], g.out[1], g.space[1]);
  Run columns = windows_over<Exact>(in.at[2], g.out[2], g.space[2]);
  for (int image = blockIdx.y; image < images; image += gridDim.y) {
    const Vector<T, V>* maps = gradOutput + (long long)image * product(g.out) * planes + in.plane;
    computed<T> sum[V] = {};
    for (int y = rows.first; y < rows.last; y++)
      for (int x = columns.first; x < columns.last; x++) {
        Run high = Exact::window(y, g.out[1], g.space[1]), wide = Exact::window(x, g.out[2], g.space[2]);
        computed<T> share = computed<T>(1) / ((high.last - high.first) * (wide.last - wide.first));
        Vector<T, V> grad = maps[(long long)pixel(0, y, x, g.out) * planes];
        for (int v = 0; v < V; v++) sum[v] += widen(grad.at[v]) * share;
      }
    gradInput[(long long)image * count + number] = narrowed<T>(sum);
  }
}
