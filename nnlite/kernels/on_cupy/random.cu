// Random numbers that are functions of a seed and a counter: Philox4x32-10 (Salmon et al., "Parallel random numbers: as
// easy as 1, 2, 3", 2011). A thread makes four words of one counter, and of these four numbers.
#include "packs.h"

struct Words { unsigned at[4]; };

__device__ __forceinline__ Words philox(unsigned long long counter, unsigned long long counter_high,
                                        unsigned long long key) {
  Words c = {{(unsigned)counter, (unsigned)(counter >> 32), (unsigned)counter_high, (unsigned)(counter_high >> 32)}};
  unsigned k0 = (unsigned)key, k1 = (unsigned)(key >> 32);
  for (int round = 0; round < 10; round++) {
    unsigned long long first = 0xD2511F53ull * c.at[0], second = 0xCD9E8D57ull * c.at[2];
    c = {{(unsigned)(second >> 32) ^ c.at[1] ^ k0, (unsigned)second, (unsigned)(first >> 32) ^ c.at[3] ^ k1,
          (unsigned)first}};
    k0 += 0x9E3779B9, k1 += 0xBB67AE85;
  }
  return c;
}

// The words of counters that are given, (n, 2), and one key.
__global__ void philox_words(const unsigned long long* counters, unsigned long long key, unsigned* words, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  Words c = philox(counters[2 * i], counters[2 * i + 1], key);
  for (int k = 0; k < 4; k++) words[4 * i + k] = c.at[k];
}

// A number from [0, 1) of as many bits of a word as the type holds.
template <class C> __device__ __forceinline__ C unit(unsigned word);
template <> __device__ __forceinline__ float unit<float>(unsigned word) { return (word >> 8) * 0x1p-24f; }
template <> __device__ __forceinline__ double unit<double>(unsigned word) { return word * 0x1p-32; }

// 1 with probability p, else 0.
struct Bernoulli {
  template <class C> static __device__ __forceinline__ void of(const Words& words, double p, double, C (&out)[4]) {
    for (int k = 0; k < 4; k++) out[k] = words.at[k] < p * 0x1p32 ? 1 : 0;
  }
};

// From [p, q).
struct Uniform {
  template <class C> static __device__ __forceinline__ void of(const Words& words, double p, double q, C (&out)[4]) {
    for (int k = 0; k < 4; k++) out[k] = C(p) + unit<C>(words.at[k]) * (C(q) - C(p));
  }
};

// Normal numbers with mean p and standard deviation q: Box and Muller make them in pairs.
struct Normal {
  template <class C> static __device__ __forceinline__ void of(const Words& words, double p, double q, C (&out)[4]) {
    for (int k = 0; k < 4; k += 2) {
      C angle = C(6.283185307179586) * unit<C>(words.at[k]), rho = C(q) * sqrt(-2 * log(1 - unit<C>(words.at[k + 1])));
      out[k] = C(p) + rho * cos(angle);
      out[k + 1] = C(p) + rho * sin(angle);
    }
  }
};

// n numbers, element i of counter i / 4 behind the state, which is (seed, counter).
template <class F, class T>
__global__ void fill(T* result, const unsigned long long* state, double p, double q, int wide, long long n) {
  long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  if (4 * i >= n) return;
  computed<T> values[4];
  F::of(philox(state[1] + i, 0, state[0]), p, q, values);
  Pack<T, 4> pack;
  for (int k = 0; k < 4; k++) pack.at[k] = narrow<T>(values[k]);
  if (wide && 4 * i + 4 <= n)
    store<4>(result + 4 * i, pack);
  else
    for (int k = 0; k < 4 && 4 * i + k < n; k++) result[4 * i + k] = pack.at[k];
}

// Moves on by what was drawn, when all blocks of `fill` are done.
__global__ void advance(unsigned long long* state, long long counters) { state[1] += counters; }
