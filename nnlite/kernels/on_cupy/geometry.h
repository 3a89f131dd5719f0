// What kernels of convolution share: its sizes, and vectors of planes. Maps of fewer than three sides have sides of one
// pixel in front.
#pragma once

// As Geometry of geometry.py.
struct Geometry {
  int images, planes, outputs;
  int space[3], out[3], kernel[3], stride[3], padding[3], dilation[3];
};

// So many numbers, read and written at once; they are aligned to their size, but to no more than 16 bytes.
template <class T, int V> struct alignas(V * sizeof(T) > 16 ? 16 : V * sizeof(T)) Vector {
  T at[V];
};

__device__ __forceinline__ int product(const int sizes[3]) { return sizes[0] * sizes[1] * sizes[2]; }

// The place of a pixel (or of a weight in its kernel) by its number; returns which map, of such sizes, it is on.
__device__ __forceinline__ int place(int number, const int sizes[3], int at[3]) {
  for (int side = 2; side >= 0; side--) at[side] = number % sizes[side], number /= sizes[side];
  return number;
}
