// Transfer functions: each number of the result is made of the one or two at its place, and of parameters p and q.
// What becomes of what is no number is as in NumPy's lines.
#include "packs.h"

#define FUNCTION(name, expression)                                                                    \
  struct name {                                                                                       \
    template <class C> static __device__ __forceinline__ C of(C x, C g, C p, C q) { return expression; } \
  };

// Of an input x, or of two, x and g.
FUNCTION(Threshold, x > p ? x : q)
FUNCTION(ThresholdInPlace, x <= p ? q : x)
FUNCTION(Add, x + g)
FUNCTION(AddReLU, x + g < 0 ? 0 : x + g)
FUNCTION(Sigmoid, 1 / (1 + exp(-x)))
FUNCTION(HardTanh, x < p ? p : x < q ? x : q)
FUNCTION(HardTanhInPlace, x < p ? p : x > q ? q : x)
FUNCTION(HardShrink, x > p || x < -p ? x : 0)
FUNCTION(SoftPlus, x * p > q ? x : log1p(exp(x * p)) / p)
FUNCTION(LogSigmoid, (x < 0 ? x : 0) - log1p(exp(-fabs(x))))
FUNCTION(SoftSign, x / (1 + fabs(x)))
FUNCTION(ELU, x > 0 ? x : p * expm1(x))
FUNCTION(LeakyReLU, x > 0 ? x : x * p)

// Of x, an input or output, and its gradient g.
FUNCTION(ThresholdBack, x > p ? g : 0)
FUNCTION(ThresholdBackInPlace, x <= p ? 0 : g)
FUNCTION(SigmoidBack, g * ((1 - x) * x))
FUNCTION(TanhBack, g * (1 - x * x))
FUNCTION(AbsBack, x >= 0 ? g : -g)
FUNCTION(SqrtBack, g * (x != 0 ? C(0.5) / x : 0))
FUNCTION(HardTanhBack, x <= p || x >= q ? 0 : g)
FUNCTION(ShrinkBack, x > p || x < -p ? g : 0)
FUNCTION(SoftPlusBack, g * (x * -p < -q ? 1 : -expm1(x * -p)))
FUNCTION(SoftSignBack, g / (1 + fabs(x)) / (1 + fabs(x)))
FUNCTION(ELUBack, x <= 0 ? g * (x + p) : g)
FUNCTION(LeakyReLUBack, x > 0 ? g : g * p)
FUNCTION(LeakyReLUBackInPlace, x <= 0 ? g * p : g)

template <class F, class T>
__device__ __forceinline__ T one_of(T x, T g, computed<T> p, computed<T> q) {
  return narrow<T>(F::template of<computed<T>>(widen(x), widen(g), p, q));
}

// result = F of n numbers of first and of second, which may be null, as the result may be one of them.
template <class F, class T>
__global__ void transfer(const T* first, const T* second, T* result, double p, double q, int wide, long long n) {
  constexpr int N = WIDTH<T, true>;
  computed<T> with_p = widen(narrow<T>(p)), with_q = widen(narrow<T>(q));
  if (!second) second = first;
  long long thread = (long long)blockIdx.x * blockDim.x + threadIdx.x, packs = wide ? n / N : 0;
  long long threads = (long long)gridDim.x * blockDim.x;
  for (long long i = thread; i < packs; i += threads) {
    auto x = load<N>(first + i * N), g = load<N>(second + i * N);
    for (int k = 0; k < N; k++) x.at[k] = one_of<F>(x.at[k], g.at[k], with_p, with_q);
    store<N>(result + i * N, x);
  }
  for (long long i = packs * N + thread; i < n; i += threads)
    result[i] = one_of<F>(first[i], second[i], with_p, with_q);
}
