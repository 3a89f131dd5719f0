// Sums over entries that name a row: these come sorted by it, by `order`, and whoever begins a run goes through all of
// it, in the order in which the entries were given.
#include "cuda_common.h"

// A matrix whose rows and columns may lie anyhow; steps in numbers. As _steps() of sparse.py.
struct Steps {
  long long row, column;
};

__device__ __forceinline__ bool begins_run(const long long* groups, int entry) {
  return entry == 0 || groups[entry] != groups[entry - 1];
}

// result[group] += scale * factor * rows[place], entry by entry. A thread does one column of one run.
template <class T> __global__ void add_rows(const long long* groups, const long long* order, const long long* places,
                                            const T* factors, const T* rows, Steps from, T* result, Steps to,
                                            double scale, int columns, int entries) {
  int column = blockIdx.x * blockDim.x + threadIdx.x;
  if (column >= columns) return;
  for (int entry = blockIdx.y; entry < entries; entry += gridDim.y) {
    if (!begins_run(groups, entry)) continue;
    long long group = groups[entry];
    T& total = result[group * to.row + column * to.column];
    computed<T> sum = widen(total);
    for (int next = entry; next < entries && groups[next] == group; next++) {
      long long one = order[next];
      computed<T> factor = computed<T>(scale) * widen(factors[one]);
      sum += factor * widen(rows[places[one] * from.row + column * from.column]);
    }
    total = narrow<T>(sum);
  }
}

// The first columns of weight are the largest size so far, its inverse, the rate of steps, and the shift. A thread does
// a run.
template <class T> __global__ void normalize(const long long* keys, const long long* order, const T* values,
                                             T* normalized, T* weight, Steps steps, int train, int entries) {
  int entry = blockIdx.x * blockDim.x + threadIdx.x;
  if (entry >= entries || !begins_run(keys, entry)) return;
  long long key = keys[entry];
  T* row = weight + key * steps.row;
  computed<T> largest = widen(row[0]), inverse = widen(row[steps.column]), shift = widen(row[3 * steps.column]);
  for (int next = entry; next < entries && keys[next] == key; next++) {
    computed<T> value = widen(values[order[next]]), size = value < 0 ? -value : value;
    if (train && size > largest) largest = size, inverse = 1 / size;
    computed<T> sign = value > 0 ? 1 : value < 0 ? -1 : value;
    normalized[order[next]] = narrow<T>((size <= largest ? value * inverse : sign) + shift);
  }
  if (!train) return;
  row[0] = narrow<T>(largest), row[steps.column] = narrow<T>(inverse), row[2 * steps.column] = narrow<T>(1);
}

// Steps of the weight's rows, whose first `before` columns are as above, if there are any; then a row of gradWeight
// begins with what the shift's gradient is made of. A warp, of threads in x, does a run, each lane its own columns.
template <class T> __global__ void step_rows(const long long* keys, const long long* order, const T* gradWeight,
                                             T* weight, Steps steps, int before, int outputs, double learningRate,
                                             double weightDecay, int entries) {
  int entry = blockIdx.x * blockDim.y + threadIdx.y;
  if (entry >= entries || !begins_run(keys, entry)) return;
  long long key = keys[entry];
  T* front = weight + key * steps.row;
  T* row = front + before * steps.column;
  computed<T> rate = before ? widen(front[2 * steps.column]) : 1, far = learningRate, decay = weightDecay;
  for (int next = entry; next < entries && keys[next] == key; next++) {
    const T* grads = gradWeight + order[next] * outputs * (before ? 2 : 1);
    if (before) {
      computed<T> shift = 0;
      for (int i = threadIdx.x; i < outputs; i += 32) shift += widen(grads[i]) * widen(row[i * steps.column]);
      shift = warp_sum(shift);
      T& moved = front[3 * steps.column];
      if (threadIdx.x == 0) moved = narrow<T>(widen(moved) - far * rate * shift);
      grads += outputs;
    }
    for (int i = threadIdx.x; i < outputs; i += 32) {
      T& value = row[i * steps.column];
      computed<T> step = far * widen(grads[i]);
      if (weightDecay) step += decay * widen(value);
      value = narrow<T>(widen(value) - rate * step);
    }
  }
}
