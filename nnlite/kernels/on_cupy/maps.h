// A thread for each pixel of a map and each of its planes, V planes at a time: how it finds them, image by image.
#pragma once
#include "geometry.h"

// Division of numbers from 0 up by what is the same for all threads: a product and a shift. As divisor() of maps.py.
struct Divisor {
  unsigned by, factor, shift;
  __device__ __forceinline__ int operator()(int number) const {
    return int((__umulhi(unsigned(number), factor) + unsigned(number)) >> shift);
  }
};

// One for each side of a map.
struct Divisors {
  Divisor of[3];
};

// Which pixel of which plane a thread has, of maps that lie channels-last. As walk() of maps.py.
struct Walk {
  Divisor planes, width, height;  // planes: those of a pixel, over V
};

struct Spot {
  int plane, at[3];
};

// Finds a thread's spot from its number, which counts vectors in the order of memory.
__device__ __forceinline__ Spot spot(const Walk& walk, int number) {
  Spot spot;
  int pixel = walk.planes(number), row = walk.width(pixel), slice = walk.height(row);
  spot.plane = number - pixel * int(walk.planes.by);
  spot.at[2] = pixel - row * int(walk.width.by);
  spot.at[1] = row - slice * int(walk.height.by);
  spot.at[0] = slice;
  return spot;
}

// The pixels, or windows, [first, last) along one side of a map.
struct Run {
  int first, last;
};

// The number of a pixel of a map.
__device__ __forceinline__ int pixel(int t, int y, int x, const int sizes[3]) {
  return (t * sizes[1] + y) * sizes[2] + x;
}

__device__ __forceinline__ int number_of_thread() { return blockIdx.x * blockDim.x + threadIdx.x; }

template <class T, int V> __device__ __forceinline__ Vector<T, V> narrowed(const computed<T> (&values)[V]) {
  Vector<T, V> result;
  for (int v = 0; v < V; v++) result.at[v] = narrow<T>(values[v]);
  return result;
}

template <class T> __device__ __forceinline__ T minus_infinity() { return T(__uint_as_float(0xff800000u)); }
