// Local response normalization. A thread does one plane of a pixel, and looks at the planes around it; V is 1.
#include "cuda_common.h"
#include "maps.h"

// The planes at most size / 2 away.
__device__ __forceinline__ Run around(int plane, int size, int planes) {
  return {max(0, plane - size / 2), min(planes, plane + size / 2 + 1)};
}

template <class T, int V> __global__ void respond(const T* input, T* output, T* scale, int size, double alpha,
                                                  double beta, double k, int images, Walk walk, int count) {
  int number = number_of_thread();
  if (number >= count) return;
  int plane = spot(walk, number).plane;
  Run near = around(plane, size, walk.planes.by);
  for (int image = blockIdx.y; image < images; image += gridDim.y) {
    long long at = (long long)image * count + number;
    computed<T> sum = 0;
    for (int other = near.first; other < near.last; other++) {
      computed<T> value = widen(input[at + other - plane]);
      sum += value * value;
    }
    T rounded = narrow<T>(computed<T>(k) + computed<T>(alpha / size) * sum);
    scale[at] = rounded;
    output[at] = narrow<T>(widen(input[at]) * pow(widen(rounded), computed<T>(-beta)));
  }
}

template <class T, int V> __global__ void respond_back(const T* input, const T* output, const T* gradOutput,
                                                       const T* scale, T* gradInput, int size, double alpha,
                                                       double beta, int images, Walk walk, int count) {
  int number = number_of_thread();
  if (number >= count) return;
  int plane = spot(walk, number).plane;
  Run near = around(plane, size, walk.planes.by);
  for (int image = blockIdx.y; image < images; image += gridDim.y) {
    long long at = (long long)image * count + number;
    computed<T> sum = 0;
    for (int other = near.first; other < near.last; other++) {
      long long there = at + other - plane;
      sum += widen(gradOutput[there]) * widen(output[there]) / widen(scale[there]);
    }
    computed<T> through = widen(gradOutput[at]) * pow(widen(scale[at]), computed<T>(-beta));
    gradInput[at] = narrow<T>(through - computed<T>(2 * alpha * beta / size) * widen(input[at]) * sum);
  }
}
