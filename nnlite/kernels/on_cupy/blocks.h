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
