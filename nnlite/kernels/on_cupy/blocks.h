// Blocks of 8 x 8 pixels, in which a kernel that looks at pixels and their neighbours copies each once.
#pragma once
#include "cuda_common.h"

constexpr int SIDE = 8;  // pixels

// Where a block lies: on which image, and its first row and column. Each image has `down` times `across` of them.
struct Place {
  int n, h, w;

  __device__ __forceinline__ Place(int number, int down, int across) {
    n = number / (down * across), h = number / across % down * SIDE, w = number % across * SIDE;
  }
};

// packed[c, t, o] = w[o, c, the last tap - t]: with these weights a convolution's gradInput is a convolution. What tensor
// cores do not look at rounds.
template <class T> __global__ void pack_turned(const T* w, T* packed, int O, int C, int taps) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= O * C * taps) return;
  int o = i % O, t = i / O % taps, c = i / O / taps;
  T value = w[((size_t)o * C + c) * taps + taps - 1 - t];
  if constexpr (sizeof(T) == 4) value = __uint_as_float(to_tf32(value) & ~0x1fffu);
  packed[i] = value;
}
