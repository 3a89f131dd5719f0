// Convolution of each plane by kernels of its own: input plane c makes the output planes from c * M on. Weights
// (*kernel, C, M) have the output's planes side by side. V is 4 only where M is 1.
#include "cuda_common.h"
#include "maps.h"

template <class T, int V> __global__ void depthwise(const Vector<T, V>* input, Vector<T, V>* output,
                                                    const Vector<T, V>* weight, const Vector<T, V>* bias, Geometry g,
                                                    int images, Walk walk, int count) {
  int number = number_of_thread(), outputs = walk.planes.by, planes = g.planes / V;
  if (number >= count) return;
  Spot out = spot(walk, number);
  int plane = outputs == planes ? out.plane : out.plane / (outputs / planes), corner[3];
  for (int side = 0; side < 3; side++) corner[side] = out.at[side] * g.stride[side] - g.padding[side];
  for (int image = blockIdx.y; image < images; image += gridDim.y) {
    const Vector<T, V>* maps = input + (long long)image * product(g.space) * planes + plane;
    const Vector<T, V>* row = weight + out.plane;
    computed<T> sum[V] = {};
    for (int kt = 0, t = corner[0]; kt < g.kernel[0]; kt++, t += g.dilation[0])
      for (int ky = 0, y = corner[1]; ky < g.kernel[1]; ky++, y += g.dilation[1])
        for (int kx = 0, x = corner[2]; kx < g.kernel[2]; kx++, x += g.dilation[2], row += outputs) {
          if (t < 0 || t >= g.space[0] || y < 0 || y >= g.space[1] || x < 0 || x >= g.space[2]) continue;
          Vector<T, V> value = maps[(long long)pixel(t, y, x, g.space) * planes], factor = *row;
          for (int v = 0; v < V; v++) sum[v] += widen(value.at[v]) * widen(factor.at[v]);
        }
    if (bias) {
      Vector<T, V> value = bias[out.plane];
      for (int v = 0; v < V; v++) sum[v] += widen(value.at[v]);
    }
    output[(long long)image * count + number] = narrowed<T>(sum);
  }
}

template <class T, int V> __global__ void depthwise_back(const Vector<T, V>* gradOutput, Vector<T, V>* gradInput,
                                                         const Vector<T, V>* weight, Geometry g, Divisors strides,
                                                         int images, Walk walk, int count) {
  int number = number_of_thread(), planes = walk.planes.by, outputs = g.outputs / V, each = outputs / planes;
  if (number >= count) return;
  Spot in = spot(walk, number);
  for (int image = blockIdx.y; image < images; image += gridDim.y) {
    const Vector<T, V>* maps = gradOutput + (long long)image * product(g.out) * outputs + in.plane * each;
    computed<T> sum[V] = {};
    for (int kt = 0, tap = 0; kt < g.kernel[0]; kt++)
      for (int ky = 0; ky < g.kernel[1]; ky++)
        for (int kx = 0; kx < g.kernel[2]; kx++, tap++) {
          int k[3] = {kt, ky, kx}, out[3];
          bool inside = true;
          for (int side = 0; side < 3; side++) {
            int from = in.at[side] + g.padding[side] - k[side] * g.dilation[side];
            out[side] = strides.of[side](max(from, 0));
            inside = inside && from == out[side] * g.stride[side] && out[side] < g.out[side];
          }
          if (!inside) continue;
          const Vector<T, V>* grads = maps + (long long)pixel(out[0], out[1], out[2], g.out) * outputs;
          const Vector<T, V>* row = weight + (long long)tap * outputs + in.plane * each;
          for (int m = 0; m < each; m++) {
            Vector<T, V> grad = grads[m], factor = row[m];
            for (int v = 0; v < V; v++) sum[v] += widen(grad.at[v]) * widen(factor.at[v]);
          }
        }
    gradInput[(long long)image * count + number] = narrowed<T>(sum);
  }
}

// The gradients of the weights, tap by tap, and, behind the last tap, of the biases. A block of 32 x ROWS threads does 32
// planes of the output and, from tap blockIdx.z * TAPS on, as many as a thread can keep sums for; it adds up one of the
// slices, blockIdx.y, into which the output's pixels are cut. parts (slices, taps, outputs); the Walk is over the output.
enum { ROWS = 8, TAPS = 10 };  // as in depthwise.py
template <class T> __global__ void depthwise_parts(const T* input, const T* gradOutput, computed<T>* parts, Geometry g,
                                                   Walk walk, int count, int slice, int taps) {
  DYN_SHARED(computed<T>, sums);
  int plane = blockIdx.x * 32 + threadIdx.x, from = plane / (g.outputs / g.planes), first = blockIdx.z * TAPS;
  int weights = product(g.kernel), end = min(count, int(blockIdx.y + 1) * slice), begin[3];
  bool ours = plane < g.outputs;
  place(first, g.kernel, begin);
  computed<T> sum[TAPS] = {};
  for (int number = blockIdx.y * slice + threadIdx.y; ours && number < end; number += ROWS) {
    Spot out = spot(walk, number);
    int image = out.at[0] / g.out[0], t = begin[0], y = begin[1], x = begin[2], corner[3];
    out.at[0] -= image * g.out[0];
    for (int side = 0; side < 3; side++) corner[side] = out.at[side] * g.stride[side] - g.padding[side];
    const T* maps = input + (long long)image * product(g.space) * g.planes + from;
    computed<T> grad = widen(gradOutput[(long long)number * g.outputs + plane]);
#pragma unroll
    for (int tap = 0; tap < TAPS; tap++) {
      int at[3] = {corner[0] + t * g.dilation[0], corner[1] + y * g.dilation[1], corner[2] + x * g.dilation[2]};
      bool inside = first + tap < weights;
      for (int side = 0; side < 3; side++) inside = inside && at[side] >= 0 && at[side] < g.space[side];
      if (inside) sum[tap] += grad * widen(maps[(long long)pixel(at[0], at[1], at[2], g.space) * g.planes]);
      if (first + tap == weights) sum[tap] += grad;
      if (++x == g.kernel[2]) x = 0, y++;
      if (y == g.kernel[1]) y = 0, t++;
    }
  }
  for (int tap = 0; tap < TAPS; tap++) sums[(tap * ROWS + threadIdx.y) * 32 + threadIdx.x] = sum[tap];
  __syncthreads();
  for (int tap = threadIdx.y; tap < TAPS && first + tap < taps && ours; tap += ROWS) {
    computed<T> total = 0;
    for (int row = 0; row < ROWS; row++) total += sums[(tap * ROWS + row) * 32 + threadIdx.x];
    parts[((long long)blockIdx.y * taps + first + tap) * g.outputs + plane] = total;
  }
}

// totals = scale * the sum over the slices.
template <class T> __global__ void depthwise_totals(const computed<T>* parts, T* totals, int slices, double scale,
                                                    int count) {
  int number = number_of_thread();
  if (number >= count) return;
  double sum = 0;
  for (int slice = 0; slice < slices; slice++) sum += parts[(long long)slice * count + number];
  totals[number] = narrow<T>(computed<T>(scale * sum));
}
