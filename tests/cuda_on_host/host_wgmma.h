// Hopper's products of warpgroups, as warpgroup.h names them, on the host. A product reads its operands in shared
// memory when it is waited for, as late as it may on the device: what is overwritten before that shows.
#pragma once
#include <functional>
#include <map>
#include <vector>

struct Operand {
  const char* begin;
  int stride, bytes;  // from group to group, and further along the rows
};
inline Operand operand(const void* shared, int stride = 1024) {
  if ((uintptr_t)shared % 128 || stride % 128) shim::fail("wgmma: rows of the operand at %p are misaligned", shared);
  return {(const char*)shared, stride, 0};
}
inline Operand further(Operand operand, int bytes) { return {operand.begin, operand.stride, operand.bytes + bytes}; }
inline void fence_for_wgmma() {}
inline void wgmma_begin() {}

namespace shim {
using Products = std::vector<std::function<void()>>;
inline std::map<const void*, std::vector<Products>> under_way;  // of each thread, by group; the last one is open

inline std::vector<Products>& my_products() {
  auto& groups = under_way[current];
  if (groups.empty()) groups.emplace_back();
  return groups;
}

// The number at column k of row r: 16-byte pieces of a row lie at places that are exchanged by the row's number.
template <class T> float operand_at(Operand operand, int r, int k) {
  uintptr_t at = (uintptr_t)operand.begin + r / 8 * operand.stride + r % 8 * 128 + operand.bytes + k * sizeof(T);
  const char* place = (const char*)(at ^ ((at >> 7 & 7) << 4));
  if constexpr (sizeof(T) == 2) return __half2float(*(const __half*)place);
  unsigned bits;
  memcpy(&bits, place, 4);
  return __uint_as_float(bits & ~0x1fffu);
}
}  // namespace shim

inline void wgmma_commit() { shim::my_products().emplace_back(); }
template <int N> void wgmma_wait() {
  auto& groups = shim::my_products();
  while ((int)groups.size() > N + 1) {
    for (auto& product : groups.front()) product();
    groups.erase(groups.begin());
  }
}

template <class T, int N> struct Warpgroup {
  static constexpr int K = 32 / sizeof(T);

  static void multiply(float (&c)[N / 2], Operand a, Operand b) {
    int row = threadIdx.x / 32 % 4 * 16 + shim::current->lane / 4, column = shim::current->lane % 4 * 2;
    float* sums = c;
    shim::my_products().back().push_back([=] {
      for (int j = 0; j < N / 8; j++)
        for (int e = 0; e < 4; e++)
          for (int k = 0; k < K; k++)
            sums[j * 4 + e] +=
                shim::operand_at<T>(a, row + e / 2 * 8, k) * shim::operand_at<T>(b, j * 8 + column + e % 2, k);
    });
  }

  static void multiply(float (&c)[N / 2], const unsigned (&a)[4], Operand b) {
    int g = shim::current->lane / 4, column = shim::current->lane % 4 * 2;
    std::vector<float> rows(2 * K);  // of a, as this row's lanes have them: see mma_m16n8k8_tf32 and mma_m16n8k16_f16
    for (int i = 0; i < 4; i++)
      for (int t = 0; t < 4; t++) {
        unsigned bits = __shfl_sync(~0u, a[i], g * 4 + t);
        for (int e = 0; e < (int)(4 / sizeof(T)); e++) {
          int k = (sizeof(T) == 4 ? t : 2 * t + e) + (i >> 1) * K / 2;
          rows[(i & 1) * K + k] = sizeof(T) == 4 ? __uint_as_float(bits & ~0x1fffu)
                                                 : __half2float(__half{uint16_t(bits >> 16 * e)});
        }
      }
    float* sums = c;
    shim::my_products().back().push_back([=] {
      for (int j = 0; j < N / 8; j++)
        for (int e = 0; e < 4; e++)
          for (int k = 0; k < K; k++)
            sums[j * 4 + e] += rows[e / 2 * K + k] * shim::operand_at<T>(b, j * 8 + column + e % 2, k);
    });
  }
};
