// Batch normalization of a batch that lies channels-last: a matrix with a row for each pixel and a column for each channel.
// Two passes over it each way: one for sums, added up in double; one that does the rest, by constants of each channel.
#include "columns.h"

// parts[slice, 0, c] = the sum over the slice's rows of x[:, c], parts[slice, 1, c] that of its square.
template <class T, bool wide>
__global__ void __launch_bounds__(256) moments(const T* x, double* parts, int rows, int channels) {
  constexpr int N = WIDTH<T, wide>;
  DYN_SHARED(double, memory);
  int first = first_channel<N>();
  double sums[2 * N] = {};
  if (first < channels)
    for_rows<Pack<T, N>>(
        rows, [&](long long row) { return load<N>(x + row * channels + first); },
        [&](long long, const Pack<T, N>& pack) {
          for (int k = 0; k < N; k++) {
            double value = widen(pack.at[k]);
            sums[k] += value;
            sums[N + k] += value * value;
          }
        });
  store_parts<2, N>(sums, parts, channels, memory);
}

// Mean and 1 / sqrt(variance + eps) of each channel, from the parts in training, else from the running ones, which move in
// training. constants[0 .. 2, c]: what `normalise` computes with.
template <class T>
__global__ void statistics(const double* parts, int slices, double count, const T* weight, const T* bias,
                           T* running_mean, T* running_var, T* save_mean, T* save_std, int train, double momentum,
                           double eps, computed<T>* constants, int channels) {
  DYN_SHARED(double, memory);
  int c = first_channel<1>();
  double sums[2] = {};
  if (train) load_parts(sums, parts, slices, channels, memory);
  if (threadIdx.y || c >= channels) return;
  double mean = widen(running_mean[c]), variance = widen(running_var[c]);
  if (train) {
    double batch_mean = sums[0] / count, squares = sums[1] - sums[0] * batch_mean;
    squares = squares < 0 ? 0 : squares;
    running_mean[c] = narrow<T>(momentum * batch_mean + (1 - momentum) * mean);
    running_var[c] = narrow<T>(momentum * (squares / (count - 1)) + (1 - momentum) * variance);
    mean = batch_mean, variance = squares / count;
  }
  save_mean[c] = narrow<T>(mean);
  save_std[c] = narrow<T>(1 / sqrt(variance + eps));
  computed<T> std = widen(save_std[c]);
  constants[c] = widen(save_mean[c]);
  constants[channels + c] = weight ? std * widen(weight[c]) : std;
  constants[2 * channels + c] = bias ? widen(bias[c]) : 0;
}

// y = (x - mean) slope + shift, the constants of each channel; + residual, if there is one; if it rectifies, 0 if below.
template <class T, bool wide>
__global__ void __launch_bounds__(256) normalise(const T* x, const T* residual, T* y, const computed<T>* constants,
                                                 int rectifies, int rows, int channels) {
  constexpr int N = WIDTH<T, wide>;
  int first = first_channel<N>();
  if (first >= channels) return;
  auto mean = load<N>(constants + first), slope = load<N>(constants + channels + first);
  auto shift = load<N>(constants + 2 * channels + first);
  struct Fetched { Pack<T, N> x, residual; };
  for_rows<Fetched>(
      rows,
      [&](long long row) {
        Fetched fetched;
        fetched.x = load<N>(x + row * channels + first);
        if (residual) fetched.residual = load<N>(residual + row * channels + first);
        return fetched;
      },
      [&](long long row, const Fetched& fetched) {
        Pack<T, N> out;
        for (int k = 0; k < N; k++) {
          computed<T> value = (widen(fetched.x.at[k]) - mean.at[k]) * slope.at[k] + shift.at[k];
          if (residual) value += widen(fetched.residual.at[k]);
          out.at[k] = narrow<T>(rectifies && value < 0 ? 0 : value);
        }
        store<N>(y + row * channels + first, out);
      });
}

// parts[slice, 0, c] = the sum over the slice's rows of g[:, c], parts[slice, 1, c] that of g (x - mean). g is grads; where
// an output y is given, 0 unless y > 0, and written to gradSum, which may be grads.
template <class T, bool wide>
__global__ void __launch_bounds__(256) products(const T* x, const T* grads, const T* y, T* gradSum, const T* mean,
                                                double* parts, int rows, int channels) {
  constexpr int N = WIDTH<T, wide>;
  DYN_SHARED(double, memory);
  int first = first_channel<N>();
  double sums[2 * N] = {};
  if (first < channels) {
    computed<T> centre[N];
    for (int k = 0; k < N; k++) centre[k] = widen(mean[first + k]);
    struct Fetched { Pack<T, N> x, g, y; };
    for_rows<Fetched>(
        rows,
        [&](long long row) {
          Fetched fetched;
          fetched.x = load<N>(x + row * channels + first);
          fetched.g = load<N>(grads + row * channels + first);
          if (y) fetched.y = load<N>(y + row * channels + first);
          return fetched;
        },
        [&](long long row, Fetched fetched) {
          for (int k = 0; k < N; k++) {
            if (y && !(widen(fetched.y.at[k]) > 0)) fetched.g.at[k] = narrow<T>(0);
            computed<T> g = widen(fetched.g.at[k]);
            sums[k] += g;
            sums[N + k] += g * (widen(fetched.x.at[k]) - centre[k]);
          }
          if (y) store<N>(gradSum + row * channels + first, fetched.g);
        });
  }
  store_parts<2, N>(sums, parts, channels, memory);
}

// gradWeight and gradBias += scale times the gradients that the parts of `products` add up to; each may be null. The
// constants are those of `differentiate` in training, else of `normalise`, which then takes the gradients.
template <class T>
__global__ void gradients(const double* parts, int slices, double count, const T* weight, const T* running_var,
                          const T* save_mean, const T* save_std, int train, double scale, double eps, T* gradWeight,
                          T* gradBias, computed<T>* constants, int channels) {
  DYN_SHARED(double, memory);
  int c = first_channel<1>();
  double sums[2] = {};
  load_parts(sums, parts, slices, channels, memory);
  if (threadIdx.y || c >= channels) return;
  computed<T> std = widen(train ? save_std[c] : narrow<T>(1 / sqrt(widen(running_var[c]) + eps)));
  if (gradWeight) gradWeight[c] = narrow<T>(widen(gradWeight[c]) + scale * sums[1] * std);
  if (gradBias) gradBias[c] = narrow<T>(widen(gradBias[c]) + scale * sums[0]);
  constants[c] = train ? widen(save_mean[c]) : 0;
  constants[channels + c] = weight ? std * widen(weight[c]) : std;
  constants[2 * channels + c] = train ? sums[1] / count * std * std : 0;
  constants[3 * channels + c] = sums[0] / count;
}

// gradInput = slope (g - (x - mean) per_x - per_batch), the constants of each channel.
template <class T, bool wide>
__global__ void __launch_bounds__(256) differentiate(const T* x, const T* grads, T* gradInput,
                                                     const computed<T>* constants, int rows, int channels) {
  constexpr int N = WIDTH<T, wide>;
  int first = first_channel<N>();
  if (first >= channels) return;
  auto mean = load<N>(constants + first), slope = load<N>(constants + channels + first);
  auto per_x = load<N>(constants + 2 * channels + first), per_batch = load<N>(constants + 3 * channels + first);
  struct Fetched { Pack<T, N> x, g; };
  for_rows<Fetched>(
      rows,
      [&](long long row) {
        return Fetched{load<N>(x + row * channels + first), load<N>(grads + row * channels + first)};
      },
      [&](long long row, const Fetched& fetched) {
        Pack<T, N> out;
        for (int k = 0; k < N; k++) {
          computed<T> centred = widen(fetched.x.at[k]) - mean.at[k];
          computed<T> rest = widen(fetched.g.at[k]) - centred * per_x.at[k] - per_batch.at[k];
          out.at[k] = narrow<T>(slope.at[k] * rest);
        }
        store<N>(gradInput + row * channels + first, out);
      });
}
