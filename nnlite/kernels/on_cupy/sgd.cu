// The step of stochastic gradient descent with momentum, over all parameters at once. Every product and sum is rounded
// by itself, as NumPy's are: no product may melt into the sum after it.
#include "packs.h"

#ifdef __CUDACC__
__device__ __forceinline__ float product(float a, float b) { return __fmul_rn(a, b); }
__device__ __forceinline__ float sum(float a, float b) { return __fadd_rn(a, b); }
__device__ __forceinline__ double product(double a, double b) { return __dmul_rn(a, b); }
__device__ __forceinline__ double sum(double a, double b) { return __dadd_rn(a, b); }
#else  // compiled for a CPU without instructions that do both
__device__ __forceinline__ float product(float a, float b) { return a * b; }
__device__ __forceinline__ float sum(float a, float b) { return a + b; }
__device__ __forceinline__ double product(double a, double b) { return a * b; }
__device__ __forceinline__ double sum(double a, double b) { return a + b; }
#endif
__device__ __forceinline__ __half product(__half a, __half b) { return narrow<__half>(widen(a) * widen(b)); }
__device__ __forceinline__ __half sum(__half a, __half b) { return narrow<__half>(widen(a) + widen(b)); }

template <class T> struct Numbers { T minus_rate, momentum, share, weightDecay; bool nesterov, decays; };

template <class T> __device__ __forceinline__ void step_one(T& x, T grad, T& velocity, const Numbers<T>& with) {
  if (with.decays) grad = sum(grad, product(with.weightDecay, x));
  velocity = sum(product(velocity, with.momentum), product(with.share, grad));
  T way = with.nesterov ? sum(grad, product(with.momentum, velocity)) : velocity;
  x = sum(x, product(with.minus_rate, way));
}

// x and velocity after a step, from n gradients. share is 1 - dampening. The rate is the one in memory where there is
// one: a captured step finds another there each time, and takes none where it finds NaN.
template <class T>
__global__ void sgd_step(T* x, const T* dfdx, T* velocity, const double* rate_in_memory, double rate, double momentum,
                         double share, int nesterov, double weightDecay, int wide, long long n) {
  constexpr int N = WIDTH<T, true>;
  if (rate_in_memory) {
    rate = *rate_in_memory;
    if (rate != rate) return;
  }
  Numbers<T> with = {narrow<T>(-rate), narrow<T>(momentum), narrow<T>(share), narrow<T>(weightDecay), nesterov != 0,
                     weightDecay != 0};
  long long thread = (long long)blockIdx.x * blockDim.x + threadIdx.x, packs = wide ? n / N : 0;
  long long threads = (long long)gridDim.x * blockDim.x;
  for (long long i = thread; i < packs; i += threads) {
    auto xs = load<N>(x + i * N), grads = load<N>(dfdx + i * N), velocities = load<N>(velocity + i * N);
    for (int k = 0; k < N; k++) step_one(xs.at[k], grads.at[k], velocities.at[k], with);
    store<N>(x + i * N, xs);
    store<N>(velocity + i * N, velocities);
  }
  for (long long i = packs * N + thread; i < n; i += threads) step_one(x[i], dfdx[i], velocity[i], with);
}
