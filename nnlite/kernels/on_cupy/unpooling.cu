// The way back from max pooling whose windows lie side by side: what was largest stands where it stood, among zeros.
#include "cuda_common.h"
#include "windows.h"

// A thread does V planes of a pixel of the large map, which lies in one window or none.
template <class T, int V> __global__ void unpool(const Vector<T, V>* input, const Vector<long long, V>* indices,
                                                 Vector<T, V>* output, Geometry g, Divisors strides, int sides,
                                                 int images, Walk walk, int count) {
  int number = number_of_thread(), planes = walk.planes.by;
  if (number >= count) return;
  Spot large = spot(walk, number);
  int window[3], place[3];
  bool inside = true;
  for (int side = 0; side < 3; side++) {
    window[side] = strides.of[side](large.at[side] + g.padding[side]);
    place[side] = place_in_window(large.at[side], window[side], side, g);
    inside = inside && window[side] < g.out[side];
  }
  int noted = note(sides, pixel(large.at[0], large.at[1], large.at[2], g.space), place[0], place[1], place[2]);
  long long at = (long long)pixel(window[0], window[1], window[2], g.out) * planes + large.plane;
  for (int image = blockIdx.y; image < images; image += gridDim.y) {
    Vector<T, V> result;
    for (int v = 0; v < V; v++) result.at[v] = narrow<T>(0);
    if (inside) {
      long long from = (long long)image * product(g.out) * planes + at;
      Vector<T, V> value = input[from];
      Vector<long long, V> index = indices[from];
      for (int v = 0; v < V; v++)
        if (index.at[v] == noted) result.at[v] = value.at[v];
    }
    output[(long long)image * count + number] = result;
  }
}

// A thread does one plane of a pixel of the small map, V is 1.
template <class T, int V> __global__ void unpool_back(const T* gradOutput, const long long* indices, T* gradInput,
                                                      Geometry g, int sides, int images, Walk walk, int count) {
  int number = number_of_thread(), planes = walk.planes.by;
  if (number >= count) return;
  Spot small = spot(walk, number);
  for (int image = blockIdx.y; image < images; image += gridDim.y) {
    long long index = indices[(long long)image * count + number];
    bool inside = index != note_of_nothing(sides);
    int at[3];
    for (int side = 0; side < 3; side++) {
      int place = sides == 3 ? int(index >> 8 * side & 255) : side == 2 ? int(index) : 0;
      at[side] = small.at[side] * g.stride[side] - g.padding[side] + place;
    }
    if (sides == 2) at[1] = int(index - 1) / g.space[2], at[2] = int(index - 1) % g.space[2];
    for (int side = 0; side < 3; side++) inside = inside && at[side] >= 0 && at[side] < g.space[side];
    long long from = ((long long)image * product(g.space) + pixel(at[0], at[1], at[2], g.space)) * planes;
    gradInput[(long long)image * count + number] = inside ? gradOutput[from + small.plane] : narrow<T>(0);
  }
}
