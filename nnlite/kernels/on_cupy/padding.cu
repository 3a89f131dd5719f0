// A border around maps of one to three sides; the Geometry's padding says how wide it is in front, below 0 how much is
// cropped there.
#include "cuda_common.h"
#include "maps.h"

enum Border { ZERO, REPLICATION, REFLECTION };  // as BORDERS of padding.py

// The input pixel that an output pixel shows, on one side; -1 for none.
__device__ __forceinline__ int shown(int out, int side, int border, const Geometry& g) {
  int at = out - g.padding[side], last = g.space[side] - 1;
  if (at >= 0 && at <= last) return at;
  if (border == ZERO) return -1;
  if (border == REPLICATION) return at < 0 ? 0 : last;
  return at < 0 ? -at : 2 * last - at;
}

template <class T, int V> __global__ void pad(const Vector<T, V>* input, Vector<T, V>* output, Geometry g, int border,
                                              int images, Walk walk, int count) {
  int number = number_of_thread(), planes = walk.planes.by;
  if (number >= count) return;
  Spot out = spot(walk, number);
  int at[3];
  for (int side = 0; side < 3; side++) at[side] = shown(out.at[side], side, border, g);
  bool inside = at[0] >= 0 && at[1] >= 0 && at[2] >= 0;
  long long from = (long long)pixel(at[0], at[1], at[2], g.space) * planes + out.plane;
  for (int image = blockIdx.y; image < images; image += gridDim.y) {
    Vector<T, V> value;
    for (int v = 0; v < V; v++) value.at[v] = narrow<T>(0);
    if (inside) value = input[(long long)image * product(g.space) * planes + from];
    output[(long long)image * count + number] = value;
  }
}

// The places where the output shows an input pixel, on one side: itself, in the border in front, in that behind.
struct Places {
  Run itself, front, behind;
  int count;

  __device__ __forceinline__ int operator[](int i) const {
    int before = itself.last - itself.first, both = before + front.last - front.first;
    return i < before ? itself.first + i : i < both ? front.first + i - before : behind.first + i - both;
  }
};
__device__ __forceinline__ Places places_of(int at, int side, int border, const Geometry& g) {
  int front = g.padding[side], last = g.space[side] - 1, out = g.out[side], place = at + front;
  Places places = {};
  if (place >= 0 && place < out) places.itself = {place, place + 1};
  if (border == REPLICATION && at == 0 && front > 0) places.front = {0, front};
  if (border == REPLICATION && at == last && out > front + last) places.behind = {front + last + 1, out};
  if (border == REFLECTION) {
    int mirrored = front - at, behind = front + 2 * last - at;
    if (at > 0 && mirrored >= 0) places.front = {mirrored, mirrored + 1};
    if (at < last && behind < out) places.behind = {behind, behind + 1};
  }
  places.count = places.itself.last - places.itself.first + places.front.last - places.front.first +
                 places.behind.last - places.behind.first;
  return places;
}

template <class T, int V> __global__ void pad_back(const Vector<T, V>* gradOutput, Vector<T, V>* gradInput, Geometry g,
                                                   int border, int images, Walk walk, int count) {
  int number = number_of_thread(), planes = walk.planes.by;
  if (number >= count) return;
  Spot in = spot(walk, number);
  Places slices = places_of(in.at[0], 0, border, g), rows = places_of(in.at[1], 1, border, g);
  Places columns = places_of(in.at[2], 2, border, g);
  for (int image = blockIdx.y; image < images; image += gridDim.y) {
    const Vector<T, V>* maps = gradOutput + (long long)image * product(g.out) * planes + in.plane;
    computed<T> sum[V] = {};
    for (int t = 0; t < slices.count; t++)
      for (int y = 0; y < rows.count; y++)
        for (int x = 0; x < columns.count; x++) {
          Vector<T, V> grad = maps[(long long)pixel(slices[t], rows[y], columns[x], g.out) * planes];
          for (int v = 0; v < V; v++) sum[v] += widen(grad.at[v]);
        }
    gradInput[(long long)image * count + number] = narrowed<T>(sum);
  }
}
