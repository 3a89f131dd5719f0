// Up-sampling over one to three sides: by repeating pixels, or by lines between them.
#include "cuda_common.h"
#include "maps.h"

template <class T, int V> __global__ void repeat(const Vector<T, V>* input, Vector<T, V>* output, Geometry g,
                                                 Divisors scale, int images, Walk walk, int count) {
  int number = number_of_thread(), planes = walk.planes.by;
  if (number >= count) return;
  Spot out = spot(walk, number);
  int at = pixel(scale.of[0](out.at[0]), scale.of[1](out.at[1]), scale.of[2](out.at[2]), g.space);
  for (int image = blockIdx.y; image < images; image += gridDim.y)
    output[(long long)image * count + number] =
        input[((long long)image * product(g.space) + at) * planes + out.plane];
}

// scale is the Geometry's kernel.
template <class T, int V> __global__ void repeat_back(const Vector<T, V>* gradOutput, Vector<T, V>* gradInput,
                                                      Geometry g, int images, Walk walk, int count) {
  int number = number_of_thread(), planes = walk.planes.by;
  if (number >= count) return;
  Spot in = spot(walk, number);
  int corner[3];
  for (int side = 0; side < 3; side++) corner[side] = in.at[side] * g.kernel[side];
  for (int image = blockIdx.y; image < images; image += gridDim.y) {
    const Vector<T, V>* maps = gradOutput + (long long)image * product(g.out) * planes + in.plane;
    computed<T> sum[V] = {};
    for (int t = corner[0]; t < corner[0] + g.kernel[0]; t++)
      for (int y = corner[1]; y < corner[1] + g.kernel[1]; y++)
        for (int x = corner[2]; x < corner[2] + g.kernel[2]; x++) {
          Vector<T, V> grad = maps[(long long)pixel(t, y, x, g.out) * planes];
          for (int v = 0; v < V; v++) sum[v] += widen(grad.at[v]);
        }
    gradInput[(long long)image * count + number] = narrowed<T>(sum);
  }
}

// Which two of `size` pixels one of `count` lies between, and the share of the far one, in single precision as in THNN.
struct Between {
  int near, far;
  float share;
};
__device__ __forceinline__ float steps(int size, int count) {
  return count > 1 ? float(size - 1) / float(count - 1) : 0.f;
}
__device__ __forceinline__ Between between(int place, int size, int count) {
  float where = __fmul_rn(steps(size, count), float(place));  // on its own, or it would melt into the subtraction
  int near = int(where);
  return {near, min(near + 1, size - 1), where - float(near)};
}

template <class T, int V> __global__ void draw_lines(const Vector<T, V>* input, Vector<T, V>* output, Geometry g,
                                                     int sides, int images, Walk walk, int count) {
  int number = number_of_thread(), planes = walk.planes.by;
  if (number >= count) return;
  Spot out = spot(walk, number);
  int end[3][2], ends[3];
  computed<T> weight[3][2];
  for (int side = 0; side < 3; side++) {
    Between ours = between(out.at[side], g.space[side], g.out[side]);
    ends[side] = side < 3 - sides ? 1 : 2;  // a side that is none has no far pixel
    end[side][0] = ours.near, weight[side][0] = computed<T>(1) - ours.share;
    end[side][1] = ours.far, weight[side][1] = ours.share;
  }
  for (int image = blockIdx.y; image < images; image += gridDim.y) {
    const Vector<T, V>* maps = input + (long long)image * product(g.space) * planes + out.plane;
    computed<T> sum[V] = {};
#pragma unroll
    for (int t = 0; t < 2; t++)
#pragma unroll
      for (int y = 0; y < 2; y++)
#pragma unroll
        for (int x = 0; x < 2; x++) {
          if (t == ends[0] || y == ends[1]) continue;
          Vector<T, V> value = maps[(long long)pixel(end[0][t], end[1][y], end[2][x], g.space) * planes];
          computed<T> share = weight[0][t] * weight[1][y] * weight[2][x];
          for (int v = 0; v < V; v++) sum[v] += share * widen(value.at[v]);
        }
    output[(long long)image * count + number] = narrowed<T>(sum);
  }
}

// The output pixels that may lie next to a pixel, on one side.
__device__ __forceinline__ Run lines_to(int at, int size, int count) {
  float step = steps(size, count);
  if (step == 0) return {0, count};
  return {max(0, int(float(at - 1) / step) - 1), min(count, int(float(at + 1) / step) + 2)};
}

// Whether an output pixel's line ends at a pixel; then `share` is what the pixel has of it.
template <class T>
__device__ __forceinline__ bool ends_at(int at, int place, int side, const Geometry& g, computed<T>& share) {
  Between ours = between(place, g.space[side], g.out[side]);
  share = (ours.near == at ? computed<T>(1) - ours.share : 0) + (ours.far == at ? ours.share : 0);
  return ours.near == at || ours.far == at;
}

template <class T, int V> __global__ void draw_lines_back(const Vector<T, V>* gradOutput, Vector<T, V>* gradInput,
                                                          Geometry g, int images, Walk walk, int count) {
  int number = number_of_thread(), planes = walk.planes.by;
  if (number >= count) return;
  Spot in = spot(walk, number);
  Run lines[3];
  for (int side = 0; side < 3; side++) lines[side] = lines_to(in.at[side], g.space[side], g.out[side]);
  for (int image = blockIdx.y; image < images; image += gridDim.y) {
    const Vector<T, V>* maps = gradOutput + (long long)image * product(g.out) * planes + in.plane;
    computed<T> sum[V] = {}, share[3];
    for (int t = lines[0].first; t < lines[0].last; t++) {
      if (!ends_at<T>(in.at[0], t, 0, g, share[0])) continue;
      for (int y = lines[1].first; y < lines[1].last; y++) {
        if (!ends_at<T>(in.at[1], y, 1, g, share[1])) continue;
        for (int x = lines[2].first; x < lines[2].last; x++) {
          if (!ends_at<T>(in.at[2], x, 2, g, share[2])) continue;
          Vector<T, V> grad = maps[(long long)pixel(t, y, x, g.out) * planes];
          for (int v = 0; v < V; v++) sum[v] += share[0] * share[1] * share[2] * widen(grad.at[v]);
        }
      }
    }
    gradInput[(long long)image * count + number] = narrowed<T>(sum);
  }
}
