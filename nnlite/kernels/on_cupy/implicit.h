// What implicit matrix products of convolution share: their sizes, and where a tap of the kernel looks. Maps lie (N, H, W,
// planes), weights (planes out, kernel, planes in).
#pragma once
#include "cuda_common.h"

constexpr int MAX_TAPS = 32;  // of a kernel: one bit for each

// What is read: H x W pixels of C planes. What is written: OH x OW pixels of O planes. The kernel has R x S taps.
struct Conv {
  int N, H, W, C, OH, OW, O, R, S, strideH, strideW, padH, padW, gapH, gapW;
};

// Division of numbers below 2^31 by the same number again and again.
struct Divisor {
  unsigned number, factor, shift;
  __device__ __forceinline__ unsigned divide(unsigned n) const { return (__umulhi(n, factor) + n) >> shift; }
};

// Copies numbers of a map, which other taps look at too, or of another operand.
template <int BYTES, bool MAP> __device__ __forceinline__ void copy_async(void* to, const void* from, bool ok) {
  static_assert(BYTES == 4 || BYTES == 16, "no others can be copied");
  if constexpr (BYTES == 4) cp_async4(to, from, ok);
  else if constexpr (MAP) cp_async16_cached(to, from, ok);
  else cp_async16(to, from, ok);
}

// The taps of one class of pixels. Forward there is one class. On the way back a pixel of the input has been seen only by
// every strideH-th tap, and pixels that differ by the stride have been seen by the same: they are a class.
struct Taps {
  int count, first_h, first_w, pixels_h, pixels_w;  // which pixels are written: first + stride * (0 .. pixels - 1)
  int dh[MAX_TAPS], dw[MAX_TAPS], place[MAX_TAPS];  // where a tap looks, and its place in the weights

  template <bool BACK> __device__ void fill(const Conv& d, int number, int tid) {
    if (!BACK) {
      if (tid == 0) count = d.R * d.S, first_h = first_w = 0, pixels_h = d.OH, pixels_w = d.OW;
      if (tid < d.R * d.S) dh[tid] = tid / d.S * d.gapH, dw[tid] = tid % d.S * d.gapW, place[tid] = tid;
      return;
    }
    int ch = number / d.strideW, cw = number % d.strideW;
    auto among = [](int r, int gap, int stride, int c) { return r * gap % stride == c; };
    auto before = [&](int end, int gap, int stride, int c) {
      int n = 0;
      for (int r = 0; r < end; r++) n += among(r, gap, stride, c);
      return n;
    };
    int across = before(d.S, d.gapW, d.strideW, cw);
    if (tid == 0) {
      count = before(d.R, d.gapH, d.strideH, ch) * across;
      first_h = ((ch - d.padH) % d.strideH + d.strideH) % d.strideH;
      first_w = ((cw - d.padW) % d.strideW + d.strideW) % d.strideW;
      pixels_h = max(0, (d.OH - first_h + d.strideH - 1) / d.strideH);
      pixels_w = max(0, (d.OW - first_w + d.strideW - 1) / d.strideW);
    }
    if (tid < d.R * d.S) {
      int r = tid / d.S, s = tid % d.S;
      if (among(r, d.gapH, d.strideH, ch) && among(s, d.gapW, d.strideW, cw)) {
        int at = before(r, d.gapH, d.strideH, ch) * across + before(s, d.gapW, d.strideW, cw);
        dh[at] = -((r * d.gapH - ch) / d.strideH), dw[at] = -((s * d.gapW - cw) / d.strideW), place[at] = tid;
      }
    }
  }

  // Where in y the pixel is that is written as number m.
  template <bool BACK> __device__ __forceinline__ size_t pixel(const Conv& d, int m) const {
    if (!BACK) return m;
    int n = m / (pixels_h * pixels_w), ph = m / pixels_w % pixels_h, pw = m % pixels_w;
    return ((size_t)n * d.OH + first_h + ph * d.strideH) * d.OW + first_w + pw * d.strideW;
  }
};
