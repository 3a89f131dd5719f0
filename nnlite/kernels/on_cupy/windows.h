// Windows over maps: which a pixel lies in, and what max pooling notes of the pixel that it took.
#pragma once
#include "maps.h"

// What max pooling notes of a pixel: over two sides its number from 1, over others where in its window it stood.
__device__ __forceinline__ int note(int sides, int number, int t, int y, int x) {
  return sides == 2 ? number + 1 : sides == 1 ? x : t | y << 8 | x << 16;
}
__device__ __forceinline__ int note_of_nothing(int sides) { return sides == 1 ? -1 : sides == 2 ? 0 : 0xffffff; }

// The windows that a pixel lies in, on one side.
__device__ __forceinline__ Run windows_over(int at, int side, const Geometry& g, const Divisor& stride) {
  int from = at + g.padding[side], reach = (g.kernel[side] - 1) * g.dilation[side];
  int first = from > reach ? stride(from - reach + g.stride[side] - 1) : 0;
  return {first, min(g.out[side], stride(from) + 1)};
}

// Where in a window a pixel stands, on one side; below 0 if between the places that a dilated window looks at.
__device__ __forceinline__ int place_in_window(int at, int window, int side, const Geometry& g) {
  int gap = at + g.padding[side] - window * g.stride[side], dilation = g.dilation[side];
  return dilation == 1 ? gap : gap % dilation ? -1 : gap / dilation;
}
