// Blocks of 8 x 8 pixels, in which a kernel that looks at pixels and their neighbours copies each once.
#pragma once
#include "implicit.h"

constexpr int SIDE = 8;  // pixels

// The blocks of a map: how many an image has, and a row of them.
struct Blocks { Divisor image, row; };

// Where a block lies: on which image, and its first row and column.
struct Place {
  int n, h, w;

  __device__ __forceinline__ Place(int number, const Blocks& blocks) {
    n = blocks.image.divide(number);
    const int in = number - n * blocks.image.number, row = blocks.row.divide(in);
    h = row * SIDE, w = (in - row * blocks.row.number) * SIDE;
  }
};
