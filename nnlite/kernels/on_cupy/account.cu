// What is kept of each step until the host asks: its loss, how many labels were among the top 1 and 5, and whether
// anything was not finite, in which case the optimizer gets NaN for its rate, and takes no step from then on.
#include "cuda_common.h"

enum { STEPS, TOP1, TOP5, FAULT };   // in counts
enum { ASKED, NONE, GIVEN };         // in rates; that of NONE is NaN

template <class T> __device__ __forceinline__ bool is_finite(T x) { return x - x == 0; }

// Sets counts[FAULT] if any of the numbers is NaN or infinite. All who write it write the same.
template <class T> __global__ void look(const T* numbers, long long size, long long* counts) {
  bool fault = false;
  long long step = (long long)gridDim.x * blockDim.x;
  for (long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x; i < size; i += step)
    fault |= !is_finite(widen(numbers[i]));
  if (fault) counts[FAULT] = 1;
}

// One block, of which a warp takes a row of output (rows, classes) at a time. Its label, from 1, is among the top k if
// fewer than k classes score higher; of equal scores the first is the higher.
template <class T> __global__ void enter_step(const T* output, const long long* labels, int rows, int classes,
                                         const double* loss, double* losses, double* rates, long long* counts) {
  __shared__ int top1[32], top5[32];
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;
  int hits1 = 0, hits5 = 0;
  for (int row = warp; row < rows; row += warps) {
    const T* scores = output + (long long)row * classes;
    long long label = labels[row] - 1;
    bool known = 0 <= label && label < classes;
    computed<T> own = widen(scores[known ? label : 0]);
    int higher = 0;
    for (int c = lane; c < classes; c += 32) {
      computed<T> score = widen(scores[c]);
      higher += score > own || (score == own && c < label);
    }
    higher = warp_sum(higher);
    hits1 += known && higher < 1;
    hits5 += known && higher < 5;
  }
  if (lane == 0) top1[warp] = hits1, top5[warp] = hits5;
  __syncthreads();
  if (threadIdx.x > 0) return;
  if (!is_finite(*loss)) counts[FAULT] = 1;
  rates[GIVEN] = rates[counts[FAULT] ? NONE : ASKED];
  if (counts[FAULT]) return;
  for (int w = 0; w < warps; w++) counts[TOP1] += top1[w], counts[TOP5] += top5[w];
  losses[counts[STEPS]++] = *loss;
}
