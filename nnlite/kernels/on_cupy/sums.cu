// Sums over very many rows, added up in double and always in the same order.
#include "columns.h"

// total[c] = the sum of x[:, c]; or, where a result is given, result[c] += scale times it.
template <class T, bool wide>
__global__ void __launch_bounds__(256) sum_rows(const T* x, double* parts, unsigned* tickets, double* total, T* result,
                                                double scale, int rows, int channels) {
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
  add_up_blocks<1, N>(sums, parts, tickets, channels, memory, [&](int channel, const double (&sum)[1]) {
    if (result) result[channel] = narrow<T>(widen(result[channel]) + scale * sum[0]);
    else total[channel] = sum[0];
  });
}
