// Copies, and fillings, of rows of numbers that lie side by side, the rows some distance apart: of maps, or of some of
// their planes.
#include "packs.h"

// Calls act(row, place in it) for each pack of N numbers of `rows` rows of `run` numbers.
template <int N, class Act> __device__ __forceinline__ void for_packs(long long rows, int run, Act act) {
  const int packs = run / N;
  const long long count = rows * packs, step = (long long)gridDim.x * blockDim.x;
  for (long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += step)
    act(i / packs, i % packs * N);
}

template <class T, bool wide>
__global__ void copy_rows(const T* from, T* to, long long rows, int run, long long from_apart, long long to_apart) {
  constexpr int N = WIDTH<T, wide>;
  for_packs<N>(rows, run, [&](long long row, int place) {
    store<N>(to + row * to_apart + place, load<N>(from + row * from_apart + place));
  });
}

template <class T, bool wide>
__global__ void fill_rows(T* to, long long rows, int run, long long apart, double value) {
  constexpr int N = WIDTH<T, wide>;
  Pack<T, N> pack;
  for (int k = 0; k < N; k++) pack.at[k] = narrow<T>((computed<T>)value);
  for_packs<N>(rows, run, [&](long long row, int place) { store<N>(to + row * apart + place, pack); });
}
