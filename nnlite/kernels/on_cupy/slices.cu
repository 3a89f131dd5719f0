// Sums whose terms several blocks have shared out: their parts, added up one after the other.
#include "finish.h"

// written[row, column] = parts[0, row, column] + parts[1, row, column] + ..., finished.
template <class T>
__global__ void sum_slices(const computed<T>* parts, T* written, Finish<T> finish, long long count, int columns,
                           int slices) {
  long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) return;
  computed<T> sum = 0;
  for (int slice = 0; slice < slices; slice++) sum += parts[slice * count + i];
  written[i] = finish.value(sum, i, i % columns);
}

// gradWeight[output, plane, tap] += scale * (parts[0, output, tap, plane] + parts[1, ...] + ...); `along` says how far
// apart the outputs, planes and taps lie.
template <class T>
__global__ void add_slices(const computed<T>* parts, T* gradWeight, int outputs, int planes, int taps, int slices,
                           long long along_outputs, long long along_planes, long long along_taps, double scale) {
  int i = blockIdx.x * blockDim.x + threadIdx.x, count = outputs * planes * taps;
  if (i >= count) return;
  computed<T> sum = 0;
  for (int slice = 0; slice < slices; slice++) sum += parts[(long long)slice * count + i];
  T* to = gradWeight + i / planes / taps * along_outputs + i % planes * along_planes + i / planes % taps * along_taps;
  *to = narrow<T>(widen(*to) + (computed<T>)scale * sum);
}
