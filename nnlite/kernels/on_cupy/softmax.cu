// SoftMax and LogSoftMax, with the largest input taken off first so that no exponential overflows. Two forms: where the
// classes lie side by side, a warp has a row of them; else a thread has a column, with gaps of `inner` numbers.
#include "cuda_common.h"

// The warp's row of so many that there are; a warp that has none ends.
#define ROW_OR_RETURN(rows)                                                              \
  long long row = (long long)blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32;          \
  int lane = threadIdx.x % 32;                                                           \
  if (row >= rows) return

// The thread's column of so many, as where it begins; a thread that has none ends.
#define COLUMN_OR_RETURN(columns, classes, inner)                                        \
  long long column = (long long)blockIdx.x * blockDim.x + threadIdx.x;                   \
  if (column >= columns) return;                                                         \
  long long begin = column / inner * inner * classes + column % inner

template <class T> __device__ __forceinline__ T output_of(computed<T> shifted, computed<T> sum, bool logarithm) {
  return narrow<T>(logarithm ? shifted - log(sum) : exp(shifted) / sum);
}

template <class T>
__global__ void softmax_rows(const T* input, T* output, int logarithm, long long rows, int classes) {
  ROW_OR_RETURN(rows);
  const T* x = input + row * classes;
  computed<T> largest = widen(x[0]), sum = 0;
  for (int c = lane; c < classes; c += 32) {
    computed<T> value = widen(x[c]);
    largest = value > largest ? value : largest;
  }
  largest = warp_max(largest);
  for (int c = lane; c < classes; c += 32) sum += exp(widen(x[c]) - largest);
  sum = warp_sum(sum);
  T* y = output + row * classes;
  for (int c = lane; c < classes; c += 32) y[c] = output_of<T>(widen(x[c]) - largest, sum, logarithm);
}

template <class T>
__global__ void softmax_columns(const T* input, T* output, int logarithm, long long columns, int classes,
                                long long inner) {
  COLUMN_OR_RETURN(columns, classes, inner);
  const T* x = input + begin;
  computed<T> largest = widen(x[0]), sum = 0;
  for (int c = 1; c < classes; c++) {
    computed<T> value = widen(x[c * inner]);
    largest = value > largest ? value : largest;
  }
  for (int c = 0; c < classes; c++) sum += exp(widen(x[c * inner]) - largest);
  T* y = output + begin;
  for (int c = 0; c < classes; c++) y[c * inner] = output_of<T>(widen(x[c * inner]) - largest, sum, logarithm);
}

// What each class adds to the sum that the gradient is taken with, and the gradient.
template <class C> __device__ __forceinline__ C term_of(C y, C g, bool logarithm) { return logarithm ? g : g * y; }
template <class C> __device__ __forceinline__ C gradient_of(C y, C g, C sum, bool logarithm) {
  return logarithm ? g - exp(y) * sum : (g - sum) * y;
}

template <class T>
__global__ void softmax_rows_back(const T* output, const T* grads, T* gradInput, int logarithm, long long rows,
                                  int classes) {
  ROW_OR_RETURN(rows);
  const T *y = output + row * classes, *g = grads + row * classes;
  computed<T> sum = 0;
  for (int c = lane; c < classes; c += 32) sum += term_of(widen(y[c]), widen(g[c]), logarithm);
  sum = warp_sum(sum);
  T* result = gradInput + row * classes;
  for (int c = lane; c < classes; c += 32)
    result[c] = narrow<T>(gradient_of(widen(y[c]), widen(g[c]), sum, logarithm));
}

template <class T>
__global__ void softmax_columns_back(const T* output, const T* grads, T* gradInput, int logarithm, long long columns,
                                     int classes, long long inner) {
  COLUMN_OR_RETURN(columns, classes, inner);
  const T *y = output + begin, *g = grads + begin;
  computed<T> sum = 0;
  for (int c = 0; c < classes; c++) sum += term_of(widen(y[c * inner]), widen(g[c * inner]), logarithm);
  T* result = gradInput + begin;
  for (int c = 0; c < classes; c++)
    result[c * inner] = narrow<T>(gradient_of(widen(y[c * inner]), widen(g[c * inner]), sum, logarithm));
}
