// Convolution with weights of their own for every output pixel. Each weight is used once for each image, so a thread
// does TOGETHER images at a time.
#include "cuda_common.h"
#include "maps.h"

enum { TOGETHER = 8 };  // as in local_convolution.py

// A thread does one plane of an output pixel. weight (*out, *kernel, planes, outputs), bias (outputs, *out) or null.
template <class T, int V> __global__ void local(const T* input, T* output, const T* weight, const T* bias, Geometry g,
                                                int images, Walk walk, int count) {
  int number = number_of_thread();
  if (number >= count) return;
  Spot out = spot(walk, number);
  int window = pixel(out.at[0], out.at[1], out.at[2], g.out), taps = product(g.kernel);
  long long image = (long long)product(g.space) * g.planes;
  for (int first = blockIdx.y * TOGETHER; first < images; first += gridDim.y * TOGETHER) {
    const T* row = weight + (long long)window * taps * g.planes * g.outputs + out.plane;
    computed<T> sum[TOGETHER];
    for (int n = 0; n < TOGETHER; n++)
      sum[n] = bias ? widen(bias[(long long)out.plane * product(g.out) + window]) : computed<T>(0);
    for (int tap = 0; tap < taps; tap++, row += (long long)g.planes * g.outputs) {
      int k[3], at[3];
      place(tap, g.kernel, k);
      bool inside = true;
      for (int side = 0; side < 3; side++) {
        at[side] = out.at[side] * g.stride[side] - g.padding[side] + k[side] * g.dilation[side];
        inside = inside && at[side] >= 0 && at[side] < g.space[side];
      }
      if (!inside) continue;
      const T* seen = input + first * image + (long long)pixel(at[0], at[1], at[2], g.space) * g.planes;
      for (int plane = 0; plane < g.planes; plane++) {
        computed<T> factor = widen(row[(long long)plane * g.outputs]);
        for (int n = 0; n < TOGETHER; n++)
          if (first + n < images) sum[n] += factor * widen(seen[n * image + plane]);
      }
    }
    for (int n = 0; n < TOGETHER; n++)
      if (first + n < images) output[(long long)(first + n) * count + number] = narrow<T>(sum[n]);
  }
}

// A thread does one plane of an input pixel. weight (*out, *kernel, outputs, planes).
template <class T, int V> __global__ void local_back(const T* gradOutput, T* gradInput, const T* weight, Geometry g,
                                                     Divisors strides, int images, Walk walk, int count) {
  int number = number_of_thread();
  if (number >= count) return;
  Spot in = spot(walk, number);
  int taps = product(g.kernel);
  long long image = (long long)product(g.out) * g.outputs;
  for (int first = blockIdx.y * TOGETHER; first < images; first += gridDim.y * TOGETHER) {
    computed<T> sum[TOGETHER] = {};
    for (int tap = 0; tap < taps; tap++) {
      int k[3], out[3];
      place(tap, g.kernel, k);
      bool inside = true;
      for (int side = 0; side < 3; side++) {
        int from = in.at[side] + g.padding[side] - k[side] * g.dilation[side];
        out[side] = strides.of[side](max(from, 0));
        inside = inside && from == out[side] * g.stride[side] && out[side] < g.out[side];
      }
      if (!inside) continue;
      int window = pixel(out[0], out[1], out[2], g.out);
      const T* grads = gradOutput + first * image + (long long)window * g.outputs;
      const T* row = weight + ((long long)window * taps + tap) * g.outputs * g.planes + in.plane;
      for (int plane = 0; plane < g.outputs; plane++) {
        computed<T> factor = widen(row[(long long)plane * g.planes]);
        for (int n = 0; n < TOGETHER; n++)
          if (first + n < images) sum[n] += factor * widen(grads[n * image + plane]);
      }
    }
    for (int n = 0; n < TOGETHER; n++)
      if (first + n < images) gradInput[(long long)(first + n) * count + number] = narrow<T>(sum[n]);
  }
}

// A thread does one of an output pixel's weights: gradWeight (*out, outputs, planes, *kernel) += scale * its gradient.
template <class T> __global__ void local_weights(const T* input, const T* gradOutput, T* gradWeight, Geometry g,
                                                 double scale, int windows, int count) {
  int number = number_of_thread(), taps = product(g.kernel), k[3];
  if (number >= count) return;
  int row = place(number, g.kernel, k), plane = row % g.planes, output = row / g.planes;
  long long image = (long long)product(g.space) * g.planes;
  for (int window = blockIdx.y; window < windows; window += gridDim.y) {
    int out[3], at[3];
    place(window, g.out, out);
    bool inside = true;
    for (int side = 0; side < 3; side++) {
      at[side] = out[side] * g.stride[side] - g.padding[side] + k[side] * g.dilation[side];
      inside = inside && at[side] >= 0 && at[side] < g.space[side];
    }
    if (!inside) continue;
    const T* seen = input + (long long)pixel(at[0], at[1], at[2], g.space) * g.planes + plane;
    const T* grads = gradOutput + (long long)window * g.outputs + output;
    computed<T> sum = 0;
    for (int n = 0; n < g.images; n++)
      sum += widen(grads[(long long)n * windows * g.outputs]) * widen(seen[n * image]);
    T& total = gradWeight[(long long)window * count + number];
    total = narrow<T>(widen(total) + computed<T>(scale) * sum);
  }
}
