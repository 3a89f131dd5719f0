/* Runs torch/image's own C functions without Lua and Torch: what they ask of both stands here, as little as will do.
   `make.py` compiles it once for each type, with -Dreal=..., and calls `run`. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { long nDimension, size[5], stride[5]; void *memory; } THTensor;

/* A call's arguments, from 1: numbers or tensors. */
typedef struct { double numbers[16]; THTensor *tensors[16]; } lua_State;
typedef struct luaL_Reg { const char *name; int (*function)(lua_State *); } luaL_Reg;

#define torch_Tensor NULL
#define image_(NAME) image_##NAME
#define THTensor_(NAME) tensor_##NAME
#define luaT_checkudata(L, i, name) ((L)->tensors[i])
#define luaL_checknumber(L, i) ((L)->numbers[i])
#define luaL_checklong(L, i) ((long)(L)->numbers[i])
#define luaL_checkint(L, i) ((int)(L)->numbers[i])
#define lua_tonumber(L, i) ((L)->numbers[i])
#define lua_tointeger(L, i) ((long)(L)->numbers[i])
#define lua_toboolean(L, i) ((L)->numbers[i] != 0)
#define lua_tostring(L, i) ((const char *)(L)->tensors[i])
#define luaL_argcheck(L, condition, i, message) ((condition) ? 0 : luaL_error(L, message))
#define luaT_pushmetatable(L, name)
#define luaT_registeratname(L, functions, name)

static int luaL_error(lua_State *L, const char *message, ...) {
  fprintf(stderr, "%s\n", message);
  abort();
}

static real *tensor_data(THTensor *t) { return t->memory; }

static THTensor *tensor_newWithSize2d(long rows, long columns) {
  THTensor *t = calloc(1, sizeof *t);
  *t = (THTensor){2, {rows, columns}, {columns, 1}, calloc(rows * columns, sizeof(real))};
  return t;
}

static void tensor_free(THTensor *t) { free(t->memory); free(t); }

static long tensor_nElement(THTensor *t) {
  long count = 1;
  for (long i = 0; i < t->nDimension; i++) count *= t->size[i];
  return count;
}

/* Whoever calls has made the results of the right size. */
static void tensor_resize2d(THTensor *t, long a, long b) {}
static void tensor_resize3d(THTensor *t, long a, long b, long c) {}
static void tensor_fill(THTensor *t, real value) {}

static real *at(THTensor *t, long a, long b, long c) {
  return tensor_data(t) + a * t->stride[0] + b * t->stride[1] + (t->nDimension == 3 ? c * t->stride[2] : 0);
}

static real tensor_get2d(THTensor *t, long a, long b) { return *at(t, a, b, 0); }
static void tensor_set2d(THTensor *t, long a, long b, real value) { *at(t, a, b, 0) = value; }
static real tensor_get3d(THTensor *t, long a, long b, long c) { return *at(t, a, b, c); }
static void tensor_set3d(THTensor *t, long a, long b, long c, real value) { *at(t, a, b, c) = value; }

#define TH_TENSOR_APPLY2(type1, first, type2, second, code)                               \
  for (long place = 0; place < tensor_nElement(first); place++) {                         \
    real *first##_data = tensor_data(first) + place, *second##_data = tensor_data(second) + place; \
    code                                                                                  \
  }

#define max(a, b) ((a) > (b) ? (a) : (b))
#define min(a, b) ((a) < (b) ? (a) : (b))

#include "font.c"
#define TH_GENERIC_FILE "generic/image.c"
#include "generic/image.c"

int run(const char *name, lua_State *L) {
  for (const luaL_Reg *known = image_Main__; known->name; known++)
    if (!strcmp(known->name, name)) return known->function(L), 0;
  return 1;
}
