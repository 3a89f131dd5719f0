// Pooling over one to three sides. Forwards a thread does an output pixel, backwards an input pixel, which gathers from
// the windows that it lies in; always V planes of it.
#include "cuda_common.h"
#include "windows.h"

template <class T, int V> __global__ void max_pool(const Vector<T, V>* input, Vector<T, V>* output,
                                                   Vector<long long, V>* indices, Geometry g, int sides, int images,
                                                   Walk walk, int count) {
  int number = number_of_thread(), planes = walk.planes.by;
  if (number >= count) return;
  Spot out = spot(walk, number);
  int corner[3];
  for (int side = 0; side < 3; side++) corner[side] = out.at[side] * g.stride[side] - g.padding[side];
  for (int image = blockIdx.y; image < images; image += gridDim.y) {
    const Vector<T, V>* maps = input + (long long)image * product(g.space) * planes + out.plane;
    computed<T> best[V];
    Vector<long long, V> notes;
    for (int v = 0; v < V; v++) best[v] = minus_infinity<computed<T>>(), notes.at[v] = note_of_nothing(sides);
    for (int kt = 0; kt < g.kernel[0]; kt++) {
      int t = corner[0] + kt * g.dilation[0];
      if (t < 0 || t >= g.space[0]) continue;
      for (int ky = 0; ky < g.kernel[1]; ky++) {
        int y = corner[1] + ky * g.dilation[1];
        if (y < 0 || y >= g.space[1]) continue;
        for (int kx = 0; kx < g.kernel[2]; kx++) {
          int x = corner[2] + kx * g.dilation[2];
          if (x < 0 || x >= g.space[2]) continue;
          int at = pixel(t, y, x, g.space), noted = note(sides, at, kt, ky, kx);
          Vector<T, V> value = maps[(long long)at * planes];
          for (int v = 0; v < V; v++) {
            bool larger = widen(value.at[v]) > best[v];
            best[v] = larger ? widen(value.at[v]) : best[v];
            notes.at[v] = larger ? noted : notes.at[v];
          }
        }
      }
    }
    output[(long long)image * count + number] = narrowed<T>(best);
    indices[(long long)image * count + number] = notes;
  }
}

template <class T, int V> __global__ void max_pool_back(const Vector<T, V>* gradOutput,
                                                        const Vector<long long, V>* indices, Vector<T, V>* gradInput,
                                                        Geometry g, Divisors strides, int sides, int images, Walk walk,
                                                        int count) {
  int number = number_of_thread(), planes = walk.planes.by;
  if (number >= count) return;
  Spot in = spot(walk, number);
  int at = pixel(in.at[0], in.at[1], in.at[2], g.space);
  Run windows[3];
  for (int side = 0; side < 3; side++) windows[side] = windows_over(in.at[side], side, g, strides.of[side]);
  for (int image = blockIdx.y; image < images; image += gridDim.y) {
    long long maps = (long long)image * product(g.out) * planes + in.plane;
    computed<T> sum[V] = {};
    for (int t = windows[0].first; t < windows[0].last; t++) {
      int kt = place_in_window(in.at[0], t, 0, g);
      for (int y = windows[1].first; y < windows[1].last; y++) {
        int ky = place_in_window(in.at[1], y, 1, g);
        for (int x = windows[2].first; x < windows[2].last; x++) {
          int kx = place_in_window(in.at[2], x, 2, g);
          if (kt < 0 || ky < 0 || kx < 0) continue;
          int noted = note(sides, at, kt, ky, kx);
          long long window = maps + (long long)pixel(t, y, x, g.out) * planes;
          Vector<long long, V> index = indices[window];
          Vector<T, V> grad = gradOutput[window];
          for (int v = 0; v < V; v++) sum[v] += index.at[v] == noted ? widen(grad.at[v]) : 0;
        }
      }
    }
    gradInput[(long long)image * count + number] = narrowed<T>(sum);
  }
}

// The pixels of a window that are on the map, on one side; `counted` is by how many its sum is divided.
__device__ __forceinline__ Run window_at(int out, int side, const Geometry& g, int includes, int& counted) {
  int begin = out * g.stride[side] - g.padding[side], size = g.space[side];
  int end = min(begin + g.kernel[side], size + g.padding[side]);
  int first = max(begin, 0), last = min(end, size);
  counted = includes ? end - begin : last - first;
  return {first, max(first, last)};
}

template <class T, int V> __global__ void average_pool(const Vector<T, V>* input, Vector<T, V>* output, Geometry g,
                                                       int includes, int images, Walk walk, int count) {
  int number = number_of_thread(), planes = walk.planes.by;
  if (number >= count) return;
  Spot out = spot(walk, number);
  Run window[3];
  int counted[3];
  for (int side = 0; side < 3; side++) window[side] = window_at(out.at[side], side, g, includes, counted[side]);
  computed<T> pixels = product(counted);
  for (int image = blockIdx.y; image < images; image += gridDim.y) {
    const Vector<T, V>* maps = input + (long long)image * product(g.space) * planes + out.plane;
    computed<T> sum[V] = {};
    for (int t = window[0].first; t < window[0].last; t++)
      for (int y = window[1].first; y < window[1].last; y++)
        for (int x = window[2].first; x < window[2].last; x++) {
          Vector<T, V> value = maps[(long long)pixel(t, y, x, g.space) * planes];
          for (int v = 0; v < V; v++) sum[v] += widen(value.at[v]);
        }
    for (int v = 0; v < V; v++) sum[v] /= pixels;
    output[(long long)image * count + number] = narrowed<T>(sum);
  }
}

// The same for large windows of which there are few. A block does an output pixel and as many vectors of its planes as
// it has threads in x; its threads in y, a power of 2, share the window's pixels, and add up their sums in pairs.
template <class T, int V> __global__ void average_pool_together(const Vector<T, V>* input, Vector<T, V>* output,
                                                                Geometry g, int includes, int planes) {
  using Sums = Vector<computed<T>, V>;
  DYN_SHARED(Sums, sums);
  Sums& sum = sums[threadIdx.y * blockDim.x + threadIdx.x];
  int plane = blockIdx.y * blockDim.x + threadIdx.x, out[3], counted[3];
  Run window[3];
  int image = place(blockIdx.x, g.out, out);
  for (int side = 0; side < 3; side++) window[side] = window_at(out[side], side, g, includes, counted[side]);
  int width = window[2].last - window[2].first, height = window[1].last - window[1].first;
  int pixels = (window[0].last - window[0].first) * height * width;
  const Vector<T, V>* maps = input + (long long)image * product(g.space) * planes + plane;
  for (int v = 0; v < V; v++) sum.at[v] = 0;
  for (int i = threadIdx.y; i < pixels && plane < planes; i += blockDim.y) {
    int row = i / width, x = i % width;
    int at = pixel(window[0].first + row / height, window[1].first + row % height, window[2].first + x, g.space);
    Vector<T, V> value = maps[(long long)at * planes];
    for (int v = 0; v < V; v++) sum.at[v] += widen(value.at[v]);
  }
  for (int half = blockDim.y / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.y < half)
      for (int v = 0; v < V; v++) sum.at[v] += sums[(threadIdx.y + half) * blockDim.x + threadIdx.x].at[v];
  }
  if (threadIdx.y == 0 && plane < planes) {
    computed<T> mean[V];
    for (int v = 0; v < V; v++) mean[v] = sum.at[v] / product(counted);
    output[(long long)blockIdx.x * planes + plane] = narrowed<T>(mean);
  }
}

template <class T, int V> __global__ void average_pool_back(const Vector<T, V>* gradOutput, Vector<T, V>* gradInput,
                                                            Geometry g, Divisors strides, int includes, int images,
                                                            Walk walk, int count) {
  int number = number_of_thread(), planes = walk.planes.by;
  if (number >= count) return;
  Spot in = spot(walk, number);
  Run windows[3];
  for (int side = 0; side < 3; side++) windows[side] = windows_over(in.at[side], side, g, strides.of[side]);
  for (int image = blockIdx.y; image < images; image += gridDim.y) {
    const Vector<T, V>* maps = gradOutput + (long long)image * product(g.out) * planes + in.plane;
    computed<T> sum[V] = {};
    int counted[3];
    for (int t = windows[0].first; t < windows[0].last; t++) {
      window_at(t, 0, g, includes, counted[0]);
      for (int y = windows[1].first; y < windows[1].last; y++) {
        window_at(y, 1, g, includes, counted[1]);
        for (int x = windows[2].first; x < windows[2].last; x++) {
          window_at(x, 2, g, includes, counted[2]);
          computed<T> share = computed<T>(1) / product(counted);
          Vector<T, V> grad = maps[(long long)pixel(t, y, x, g.out) * planes];
          for (int v = 0; v < V; v++) sum[v] += widen(grad.at[v]) * share;
        }
      }
    }
    gradInput[(long long)image * count + number] = narrowed<T>(sum);
  }
}
