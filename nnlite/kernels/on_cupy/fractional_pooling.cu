// Fractional max pooling: windows of one size at steps of, on average, a fraction, others in each plane.
#include "cuda_common.h"
#include "maps.h"

// A number as its type holds it.
template <class T> __device__ __forceinline__ computed<T> rounded(computed<T> value) { return widen(narrow<T>(value)); }

// Where window `place` of `count` begins on a side, in the precision of the type, as in THNN.
template <class T> __device__ int begin(int place, int count, int size, int width, computed<T> sample) {
  if (place == count - 1) return size - width;
  computed<T> alpha = rounded<T>(rounded<T>(size - width) / rounded<T>(count - 1));
  computed<T> moved = rounded<T>(rounded<T>(rounded<T>(place) + sample) * alpha);
  return min(int(moved) - int(rounded<T>(sample * alpha)), size - width);
}

// samples (N, C, sides). A thread does one plane, V is 1.
template <class T, int V> __global__ void fractional_pool(const T* input, T* output, long long* indices,
                                                          const T* samples, int sides, Geometry g, int images,
                                                          Walk walk, int count) {
  int number = number_of_thread(), planes = walk.planes.by;
  if (number >= count) return;
  Spot out = spot(walk, number);
  for (int image = blockIdx.y; image < images; image += gridDim.y) {
    const T* maps = input + (long long)image * product(g.space) * planes + out.plane;
    const T* drawn = samples + ((long long)image * planes + out.plane) * sides;
    int corner[3] = {};
    for (int side = 0; side < 3; side++)
      if (side >= 3 - sides)
        corner[side] =
            begin<T>(out.at[side], g.out[side], g.space[side], g.kernel[side], widen(drawn[side - 3 + sides]));
    computed<T> best = minus_infinity<computed<T>>();
    int noted = 0;
    for (int t = corner[0]; t < corner[0] + g.kernel[0]; t++)
      for (int y = corner[1]; y < corner[1] + g.kernel[1]; y++)
        for (int x = corner[2]; x < corner[2] + g.kernel[2]; x++) {
          int at = pixel(t, y, x, g.space);
          computed<T> value = widen(maps[(long long)at * planes]);
          if (value > best) best = value, noted = at + 1;
        }
    output[(long long)image * count + number] = narrow<T>(best);
    indices[(long long)image * count + number] = noted;
  }
}

// The windows that may hold a pixel, whatever was drawn: one begins less than a pixel from place * alpha, and rounding
// moves it by few.
__device__ __forceinline__ Run windows_near(int at, int count, int size, int width) {
  if (size == width || count == 1) return {0, count};
  long long few = 2 + size / 512, steps = count - 1, room = size - width;
  long long first = (at - width - few) * steps / room, last = (at + few) * steps / room + 1;
  return {max(0, int(first)), min(count, int(last) + 1)};
}

template <class T, int V> __global__ void fractional_pool_back(const Vector<T, V>* gradOutput,
                                                               const Vector<long long, V>* indices,
                                                               Vector<T, V>* gradInput, Geometry g, int images,
                                                               Walk walk, int count) {
  int number = number_of_thread(), planes = walk.planes.by;
  if (number >= count) return;
  Spot in = spot(walk, number);
  int noted = pixel(in.at[0], in.at[1], in.at[2], g.space) + 1;
  Run windows[3];
  for (int side = 0; side < 3; side++)
    windows[side] = windows_near(in.at[side], g.out[side], g.space[side], g.kernel[side]);
  for (int image = blockIdx.y; image < images; image += gridDim.y) {
    long long maps = (long long)image * product(g.out) * planes + in.plane;
    computed<T> sum[V] = {};
    for (int t = windows[0].first; t < windows[0].last; t++)
      for (int y = windows[1].first; y < windows[1].last; y++)
        for (int x = windows[2].first; x < windows[2].last; x++) {
          long long window = maps + (long long)pixel(t, y, x, g.out) * planes;
          Vector<long long, V> index = indices[window];
          Vector<T, V> grad = gradOutput[window];
          for (int v = 0; v < V; v++) sum[v] += index.at[v] == noted ? widen(grad.at[v]) : 0;
        }
    gradInput[(long long)image * count + number] = narrowed<T>(sum);
  }
}
