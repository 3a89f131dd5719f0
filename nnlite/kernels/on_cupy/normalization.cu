// Batch normalization of a batch that lies channels-last: a matrix with a row for each pixel and a column for each
// channel. Two passes over it each way: one for sums, added up in double, of which the last block makes constants of
// each channel; one that does the rest by these.
#include "columns.h"

// One number normalised. That of a pass forward is found again on the way back, to the bit.
__device__ __forceinline__ float normalised(float x, float mean, float slope, float shift) {
  return __fmaf_rn(x - mean, slope, shift);
}
__device__ __forceinline__ double normalised(double x, double mean, double slope, double shift) {
  return __fma_rn(x - mean, slope, shift);
}

// What belongs to the statistics of each channel, forward. Pointers to weight and bias may be null.
template <class T> struct Statistics {
  const T *weight, *bias;
  T *running_mean, *running_var, *save_mean, *save_std;
  computed<T>* constants;  // (3, channels): what `normalise` computes with
  double count, momentum, eps;

  // Of channel c, from the sums of x and of its square over `count` pixels; the running ones move.
  __device__ __forceinline__ void learn(int c, int channels, double sum, double squares) const {
    double mean = sum / count;
    squares -= sum * mean;
    squares = squares < 0 ? 0 : squares;
    running_mean[c] = narrow<T>(momentum * mean + (1 - momentum) * widen(running_mean[c]));
    running_var[c] = narrow<T>(momentum * (squares / (count - 1)) + (1 - momentum) * widen(running_var[c]));
    use(c, channels, mean, squares / count);
  }
  __device__ __forceinline__ void use(int c, int channels, double mean, double variance) const {
    save_mean[c] = narrow<T>(mean);
    save_std[c] = narrow<T>(1 / sqrt(variance + eps));
    computed<T> std = widen(save_std[c]);
    constants[c] = widen(save_mean[c]);
    constants[channels + c] = weight ? std * widen(weight[c]) : std;
    constants[2 * channels + c] = bias ? widen(bias[c]) : 0;
  }
};

// The statistics of pixels x.
template <class T, bool wide>
__global__ void __launch_bounds__(256) learn(const T* x, double* parts, unsigned* tickets, Statistics<T> statistics,
                                             int rows, int channels) {
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
  add_up_blocks<2, N>(sums, parts, tickets, channels, memory, [&](int channel, const double (&total)[2]) {
    statistics.learn(channel, channels, total[0], total[1]);
  });
}

// The same from sums that another kernel has left in parts[slice, 0, c], those of x, and parts[slice, 1, c], of x^2.
template <class T>
__global__ void learn_from_parts(const double* parts, int slices, Statistics<T> statistics, int channels) {
  DYN_SHARED(double, memory);
  int c = first_channel<1>();
  double sums[2] = {};
  if (c < channels) add_parts<2, 1>(sums, parts, slices, channels);
  add_up(sums, memory);
  if (threadIdx.y == 0 && c < channels) statistics.learn(c, channels, sums[0], sums[1]);
}

// The running ones instead, of each thread's channel.
template <class T> __global__ void recall(Statistics<T> statistics, int channels) {
  int c = first_channel<1>();
  if (c < channels)
    statistics.use(c, channels, widen(statistics.running_mean[c]), widen(statistics.running_var[c]));
}

// y = (x - mean) slope + shift, the constants of each channel; + residual, if there is one; if it rectifies, 0 if
// below.
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
          computed<T> value = normalised(widen(fetched.x.at[k]), mean.at[k], slope.at[k], shift.at[k]);
          if (residual) value += widen(fetched.residual.at[k]);
          out.at[k] = narrow<T>(rectifies && value < 0 ? 0 : value);
        }
        store<N>(y + row * channels + first, out);
      });
}

// What belongs to the gradients of each channel. Pointers to weight, bias, gradWeight and gradBias may be null.
template <class T> struct Gradients {
  const T *weight, *bias, *running_mean, *running_var, *save_mean, *save_std;
  T *gradWeight, *gradBias;
  computed<T>* constants;  // (5, channels): those of `differentiate` in training, else of `normalise`, for gradients
  double count, scale, eps;
  long long train, rectified;  // the latter: in training, gradients are 0 where what the output was made of is not above

  __device__ __forceinline__ computed<T> slope(int c) const {
    computed<T> std = widen(train ? save_std[c] : narrow<T>(1 / sqrt(widen(running_var[c]) + eps)));
    return weight ? std * widen(weight[c]) : std;
  }
  __device__ __forceinline__ computed<T> shift(int c) const { return bias ? widen(bias[c]) : 0; }

  // Of channel c, from the sums of g and of g (x - mean) over `count` pixels.
  __device__ __forceinline__ void finish(int c, int channels, double sum, double dot) const {
    computed<T> std = widen(train ? save_std[c] : narrow<T>(1 / sqrt(widen(running_var[c]) + eps)));
    if (gradWeight) gradWeight[c] = narrow<T>(widen(gradWeight[c]) + scale * dot * std);
    if (gradBias) gradBias[c] = narrow<T>(widen(gradBias[c]) + scale * sum);
    constants[c] = train ? widen(save_mean[c]) : 0;
    constants[channels + c] = slope(c);
    constants[2 * channels + c] = train ? dot / count * std * std : 0;
    constants[3 * channels + c] = sum / count;
    constants[4 * channels + c] = shift(c);
  }
};

// Whether a ReLU behind the normalization of x let it through.
template <class T>
__device__ __forceinline__ bool is_above(T x, computed<T> mean, computed<T> slope, computed<T> shift) {
  return widen(narrow<T>(normalised(widen(x), mean, slope, shift))) > 0;
}

// The gradients, from pixels x and grads g; where an output y is given, g is 0 unless y > 0, and written to gradSum,
// which may be grads.
template <class T, bool wide>
__global__ void __launch_bounds__(256) add_gradients(const T* x, const T* grads, const T* y, T* gradSum, double* parts,
                                                     unsigned* tickets, Gradients<T> gradients, int rows,
                                                     int channels) {
  constexpr int N = WIDTH<T, wide>;
  DYN_SHARED(double, memory);
  int first = first_channel<N>();
  double sums[2 * N] = {};
  if (first < channels) {
    computed<T> mean[N], slope[N], shift[N];
    for (int k = 0; k < N; k++) {
      mean[k] = widen((gradients.train ? gradients.save_mean : gradients.running_mean)[first + k]);
      if (gradients.rectified) slope[k] = gradients.slope(first + k), shift[k] = gradients.shift(first + k);
    }
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
            bool through = true;
            if (y) through = widen(fetched.y.at[k]) > 0;
            else if (gradients.rectified) through = is_above(fetched.x.at[k], mean[k], slope[k], shift[k]);
            if (!through) fetched.g.at[k] = narrow<T>(0);
            computed<T> g = widen(fetched.g.at[k]);
            sums[k] += g;
            sums[N + k] += g * (widen(fetched.x.at[k]) - mean[k]);
          }
          if (y) store<N>(gradSum + row * channels + first, fetched.g);
        });
  }
  add_up_blocks<2, N>(sums, parts, tickets, channels, memory, [&](int channel, const double (&total)[2]) {
    gradients.finish(channel, channels, total[0], total[1]);
  });
}

// gradInput = slope (g - (x - mean) per_x - per_batch), the constants of each channel; where it is `rectified`, g is 0
// unless the ReLU let x through.
template <class T, bool wide>
__global__ void __launch_bounds__(256) differentiate(const T* x, const T* grads, T* gradInput,
                                                     const computed<T>* constants, int rectified, int rows,
                                                     int channels) {
  constexpr int N = WIDTH<T, wide>;
  int first = first_channel<N>();
  if (first >= channels) return;
  auto mean = load<N>(constants + first), slope = load<N>(constants + channels + first);
  auto per_x = load<N>(constants + 2 * channels + first), per_batch = load<N>(constants + 3 * channels + first);
  auto shift = load<N>(constants + 4 * channels + first);
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
          bool through = !rectified || is_above(fetched.x.at[k], mean.at[k], slope.at[k], shift.at[k]);
          computed<T> rest = (through ? widen(fetched.g.at[k]) : 0) - centred * per_x.at[k] - per_batch.at[k];
          out.at[k] = narrow<T>(slope.at[k] * rest);
        }
        store<N>(gradInput + row * channels + first, out);
      });
}

// The weight, `numbers` of them for each output, and the bias of a layer that does what one and a batch normalization do
// in evaluation. A block has an output. Pointers to biases and weight may be null.
template <class T>
__global__ void fold(const T* layer_weight, const T* layer_bias, const T* weight, const T* bias, const T* running_mean,
                     const T* running_var, T* folded_weight, T* folded_bias, double eps, int numbers) {
  const int o = blockIdx.x;
  const double slope = (weight ? (double)widen(weight[o]) : 1) / sqrt(widen(running_var[o]) + eps);
  const computed<T> factor = slope;
  const size_t first = (size_t)o * numbers;
  for (int i = threadIdx.x; i < numbers; i += blockDim.x)
    folded_weight[first + i] = narrow<T>(widen(layer_weight[first + i]) * factor);
  if (threadIdx.x > 0) return;
  double shift = (layer_bias ? (double)widen(layer_bias[o]) : 0) - widen(running_mean[o]);
  folded_bias[o] = narrow<T>(shift * slope + (bias ? (double)widen(bias[o]) : 0));
}
