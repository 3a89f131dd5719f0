// Losses: sums are taken in double, in one order, and stay in the GPU's memory.
#include "columns.h"

// What the classes of targets, which count from 1, are worth.
template <class T> struct Labels {
  const long long* target;
  const T* weights;
  int ignores;
  long long ignored;
  // Whether a target is one of so many classes; if it is, the place, from 0, and the weight with which it counts.
  __device__ bool find(long long row, int classes, int& place, double& weight) const {
    long long label = target[row];
    bool counts = !(ignores && label == ignored);
    if (counts && (label < 1 || label > classes)) return false;
    place = counts ? label - 1 : 0;
    weight = !counts ? 0 : weights ? (double)widen(weights[place]) : 1;
    return true;
  }
};

// result[0] = the loss, result[1] = the weight of all targets, which the loss is divided by if it averages. A wrong
// target makes the loss NaN.
template <class T>
__global__ void nll(const T* input, const long long* target, const T* weights, int ignores, long long ignored,
                    int average, double* parts, unsigned* tickets, double* result, int rows, int classes) {
  DYN_SHARED(double, memory);
  Labels<T> labels = {target, weights, ignores, ignored};
  double sums[2] = {};  // of what was picked, weighted, and of the weights
  for (long long row = blockIdx.y * blockDim.y + threadIdx.y; row < rows; row += gridDim.y * blockDim.y) {
    int place;
    double weight;
    if (!labels.find(row, classes, place, weight)) {
      sums[0] += __uint_as_float(0x7fc00000);
    } else if (weight != 0) {
      sums[0] += weight * widen(input[row * classes + place]);
      sums[1] += weight;
    }
  }
  add_up_blocks<2, 1>(sums, parts, tickets, 1, memory, [&](int, const double (&total)[2]) {
    double loss = 0 - total[0];
    result[0] = average && total[1] != 0 ? loss / total[1] : loss;
    result[1] = total[1];
  });
}

// LogSoftMax and nll, and both ways back: logs = scores - log(sum of exp(scores)), result as of nll, gradInput the gradient
// with respect to the scores. One block, each warp of which has every so many of the rows.
template <class T>
__global__ void __launch_bounds__(1024)
cross_entropy(const T* scores, const long long* target, const T* weights, int ignores, long long ignored, int average,
              T* logs, T* gradInput, double* result, int rows, int classes) {
  __shared__ double parts[32][2], all[2];
  const Labels<T> labels = {target, weights, ignores, ignored};
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;
  double sums[2] = {};  // of what was picked, weighted, and of the weights
  for (int row = warp; row < rows; row += warps) {
    const T* x = scores + (long long)row * classes;
    T* y = logs + (long long)row * classes;
    computed<T> largest = widen(x[0]), sum = 0;
    for (int c = lane; c < classes; c += 32) {
      computed<T> value = widen(x[c]);
      largest = value > largest ? value : largest;
    }
    largest = warp_max(largest);
    for (int c = lane; c < classes; c += 32) sum += exp(widen(x[c]) - largest);
    sum = log(warp_sum(sum));
    for (int c = lane; c < classes; c += 32) y[c] = narrow<T>(widen(x[c]) - largest - sum);
    __syncwarp();  // one lane reads what another wrote
    int place;
    double weight;
    if (!labels.find(row, classes, place, weight)) {
      sums[0] += __uint_as_float(0x7fc00000);
    } else if (weight != 0) {
      sums[0] += weight * widen(y[place]);
      sums[1] += weight;
    }
  }
  if (lane == 0) parts[warp][0] = sums[0], parts[warp][1] = sums[1];
  __syncthreads();
  if (threadIdx.x < 2) {
    double sum = 0;
    for (int w = 0; w < warps; w++) sum += parts[w][threadIdx.x];
    all[threadIdx.x] = sum;
  }
  __syncthreads();
  const double total = all[1];
  if (threadIdx.x == 0) {
    result[0] = average && total != 0 ? (0 - all[0]) / total : 0 - all[0];
    result[1] = total;
  }
  for (int row = warp; row < rows; row += warps) {
    int place = -1;
    double weight = 0;
    bool counts = total > 0 && labels.find(row, classes, place, weight) && weight != 0;
    const computed<T> g = counts ? widen(narrow<T>(-weight / (average ? total : 1))) : 0;
    const T* y = logs + (long long)row * classes;
    T* to = gradInput + (long long)row * classes;
    for (int c = lane; c < classes; c += 32)
      to[c] = narrow<T>((counts && c == place ? g : 0) - exp(widen(y[c])) * g);
  }
}

// gradInput[n, target[n]] = -weight, over the weight of all if it averages; 0 everywhere else, and where that is not >
// 0.
template <class T>
__global__ void nll_back(const long long* target, const T* weights, int ignores, long long ignored, int average,
                         const double* total_in_memory, double total, T* gradInput, int rows, int classes) {
  Labels<T> labels = {target, weights, ignores, ignored};
  if (total_in_memory) total = *total_in_memory;
  int c = first_channel<1>();
  if (c >= classes) return;
  for (long long row = blockIdx.y * blockDim.y + threadIdx.y; row < rows; row += gridDim.y * blockDim.y) {
    int place;
    double weight;
    bool is_it = total > 0 && labels.find(row, classes, place, weight) && place == c && weight != 0;
    gradInput[row * classes + c] = narrow<T>(is_it ? -weight / (average ? total : 1) : 0);
  }
}

// What class d makes target t of a row of scores lack.
template <class T> __device__ __forceinline__ computed<T> lack_of(const T* x, long long t, int d) {
  computed<T> lack = (1 - widen(x[t])) + widen(x[d]);
  return lack < 0 ? 0 : lack;
}
template <class C> __device__ __forceinline__ C sign(C x) { return x > 0 ? 1 : x; }  // of what is not below 0

// losses[row] = the sum over the row's targets t, a list of classes that a 0 ends, of what all d that are none make it
// lack.
template <class T>
__global__ void multi_label_margin(const T* input, const long long* target, const bool* is_target, double* losses,
                                   int rows, int classes) {
  long long row = (long long)blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32;
  int lane = threadIdx.x % 32;
  if (row >= rows) return;  // the whole warp
  input += row * classes, target += row * classes, is_target += row * classes;
  double sum = 0;
  for (int i = 0; i < classes && target[i] > 0 && target[i] <= classes; i++)
    for (int d = lane; d < classes; d += 32)
      if (!is_target[d]) sum += lack_of(input, target[i] - 1, d);
  sum = warp_sum(sum);
  if (lane == 0) losses[row] = sum;
}

template <class T>
__global__ void multi_label_margin_back(const T* input, const long long* target, const bool* is_target, T* gradInput,
                                        int rows, int classes) {
  long long row = (long long)blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32;
  int lane = threadIdx.x % 32;
  if (row >= rows) return;  // the whole warp
  input += row * classes, target += row * classes, is_target += row * classes, gradInput += row * classes;
  int targets = 0;
  while (targets < classes && target[targets] > 0 && target[targets] <= classes) targets++;
  for (int d = lane; d < classes; d += 32) {
    computed<T> sum = 0;
    if (!is_target[d])
      for (int i = 0; i < targets; i++) sum += sign(lack_of(input, target[i] - 1, d));
    gradInput[d] = narrow<T>(sum);
  }
  __syncwarp();
  for (int i = 0; i < targets; i++) {
    computed<T> sum = 0;
    for (int d = lane; d < classes; d += 32)
      if (!is_target[d]) sum += sign(lack_of(input, target[i] - 1, d));
    sum = warp_sum(sum);
    if (lane == 0) gradInput[target[i] - 1] = narrow<T>(widen(gradInput[target[i] - 1]) - sum);
  }
}
