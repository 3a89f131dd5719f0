// Neighbouring numbers that are moved at once: 16 bytes, where they begin at a multiple of that, or a number by itself.
#pragma once
#include "cuda_common.h"

template <class T, int N> struct alignas(sizeof(T) * N) Pack { T at[N]; };
template <class T, bool wide> constexpr int WIDTH = wide ? 16 / sizeof(T) : 1;
template <int N, class T> __device__ __forceinline__ Pack<T, N> load(const T* from) {
  return *reinterpret_cast<const Pack<T, N>*>(from);
}
template <int N, class T> __device__ __forceinline__ void store(T* to, const Pack<T, N>& pack) {
  *reinterpret_cast<Pack<T, N>*>(to) = pack;
}
