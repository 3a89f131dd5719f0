// Sums over very many rows, added up in double and always in the same order.
#include "columns.h"

// parts[slice, c] = the sum over the slice's rows of x[:, c].
template <class T, bool wide>
__global__ void __launch_bounds__(256) sums_of_slices(const T* x, double* parts, int rows, int channels) {
  constexpr int N = WIDTH<T, wide>;
  DYN_SHARED(double, memory);
  int first = first_channel<N>();
  double sums[N] = {};
  if (first < channels)
    for_rows<Pack<T, N>>(
        rows, [&](long long row) { return load<N>(x + row * channels + first); },
        [&](long long, const Pack<T, N>& pack) {
          for (int k = 0; k < N; k++) sums[k] += widen(pack.at[k]);
        });
  store_parts<1, N>(sums, parts, channels, memory);
}

// total[c] = the sum of the parts; or, where a result is given, result[c] += scale times it.
template <class T>
__global__ void sum_of_parts(const double* parts, int slices, double* total, T* result, double scale, int channels) {
  DYN_SHARED(double, memory);
  int c = first_channel<1>();
  double sums[1] = {};
  load_parts(sums, parts, slices, channels, memory);
  if (threadIdx.y || c >= channels) return;
  if (result) result[c] = narrow<T>(widen(result[c]) + scale * sums[0]);
  else total[c] = sums[0];
}
