// Windows of maps as the rows of a matrix, and back. A thread does V planes of one pixel.
#include "cuda_common.h"
#include "geometry.h"

// columns[pixel of the output, tap, plane] = input[the pixel under that tap, plane], 0 beside the map.
template <class T, int V> __global__ void im2col(const T* input, T* columns, Geometry g, int count) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) return;
  int planes = g.planes / V, taps = product(g.kernel), out[3], tap[3];
  int image = place(i / planes / taps, g.out, out);
  place(i / planes % taps, g.kernel, tap);
  long long pixel = image;
  bool inside = true;
  for (int side = 0; side < 3; side++) {
    int at = out[side] * g.stride[side] - g.padding[side] + tap[side] * g.dilation[side];
    inside = inside && at >= 0 && at < g.space[side];
    pixel = pixel * g.space[side] + at;
  }
  Vector<T, V> value;
  for (int v = 0; v < V; v++) value.at[v] = narrow<T>(0);
  if (inside) value = reinterpret_cast<const Vector<T, V>*>(input)[pixel * planes + i % planes];
  reinterpret_cast<Vector<T, V>*>(columns)[i] = value;
}

// The gradient of a pixel of the input: the sum of columns over the windows that it lies in, tap by tap.
template <class T, int V> __global__ void col2im(const T* columns, T* gradInput, Geometry g, int count) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) return;
  int planes = g.planes / V, taps = product(g.kernel), at[3], tap[3];
  int image = place(i / planes, g.space, at);
  computed<T> sum[V] = {};
  for (int number = 0; number < taps; number++) {
    place(number, g.kernel, tap);
    long long window = image;
    bool inside = true;
    for (int side = 0; side < 3; side++) {
      int from = at[side] + g.padding[side] - tap[side] * g.dilation[side], out = from / g.stride[side];
      inside = inside && from >= 0 && out * g.stride[side] == from && out < g.out[side];
      window = window * g.out[side] + out;
    }
    if (!inside) continue;
    Vector<T, V> value = reinterpret_cast<const Vector<T, V>*>(columns)[(window * taps + number) * planes + i % planes];
    for (int v = 0; v < V; v++) sum[v] += widen(value.at[v]);
  }
  Vector<T, V> value;
  for (int v = 0; v < V; v++) value.at[v] = narrow<T>(sum[v]);
  reinterpret_cast<Vector<T, V>*>(gradInput)[i] = value;
}
