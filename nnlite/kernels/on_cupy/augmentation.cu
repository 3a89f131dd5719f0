// Batches made of images that lie on the GPU: the random choices come from the host, as they do for a loader there, and
// so do the bits: (pixel * scale) + offset, rounded after each.
#include "cuda_common.h"

struct Geometry { int count, height, width, padding; };

// choices (4, count): the row of each image in the set, the top and left of the window that is cut from the image with
// a border of `padding` pixels around it, and whether it is mirrored then.
// colours (3, 3): of each channel what is in the border, its scale, its offset.
__global__ void batch_of(const unsigned char* images, const long long* labels, const int* choices, const float* colours,
                         float* batch, long long* batch_labels, Geometry g) {
  long long place = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  if (place < g.count) batch_labels[place] = labels[choices[place]];
  if (place >= (long long)g.count * g.height * g.width * 3) return;
  int channel = place % 3;
  long long pixel = place / 3;
  int x = pixel % g.width, y = pixel / g.width % g.height, n = pixel / g.width / g.height;
  if (choices[3 * g.count + n]) x = g.width - 1 - x;
  y += choices[g.count + n] - g.padding;
  x += choices[2 * g.count + n] - g.padding;
  float value = colours[channel];
  if (0 <= y && y < g.height && 0 <= x && x < g.width)
    value = images[(((long long)choices[n] * g.height + y) * g.width + x) * 3 + channel];
  batch[place] = __fadd_rn(__fmul_rn(value, colours[3 + channel]), colours[6 + channel]);
}
