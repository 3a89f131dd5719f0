// Products of a warpgroup, four warps together, whose operands lie in shared memory: Hopper's wgmma, compiled for sm_90a.
// They run on while the warps go on. Where these sources are compiled for the host, the same names are there already.
#pragma once
#include "cuda_common.h"

// An operand's row is 128 bytes long, and runs along what is added up; 8 rows that follow each other are a group. The
// 16-byte pieces of a row are exchanged, so that those of 8 rows lie in 8 places of the banks: piece p of the row at
// address a lies at p ^ (a / 128 % 8). With memory that begins at a multiple of GROUP, that is p ^ (row % 8).
constexpr int PIECES = 8, GROUP = 1024;
__device__ __forceinline__ int swizzled(int row, int piece) { return row * 128 + ((piece ^ row % 8) << 4); }

#ifdef __CUDACC__
using Operand = unsigned long long;

// Names an operand by its first row; a group begins `stride` bytes behind the one before.
__device__ __forceinline__ Operand operand(const void* shared, int stride = GROUP) {
  unsigned at = (unsigned)__cvta_generic_to_shared(shared);
  return (unsigned long long)((at & 0x3ffff) >> 4) | 1ull << 16 | (unsigned long long)(stride >> 4) << 32 | 1ull << 62;
}
// Names the same operand `bytes` further along its rows.
__device__ __forceinline__ Operand further(Operand operand, int bytes) { return operand + (bytes >> 4); }

// Lets wgmma see what this thread, and others before a barrier, wrote to shared memory.
__device__ __forceinline__ void fence_for_wgmma() { asm volatile("fence.proxy.async.shared::cta;\n" ::: "memory"); }
// Stands before the first of some products.
__device__ __forceinline__ void wgmma_begin() { asm volatile("wgmma.fence.sync.aligned;\n" ::: "memory"); }
__device__ __forceinline__ void wgmma_commit() { asm volatile("wgmma.commit_group.sync.aligned;\n" ::: "memory"); }
// Waits for all products but those of the newest N groups.
template <int N> __device__ __forceinline__ void wgmma_wait() {
  asm volatile("wgmma.wait_group.sync.aligned %0;\n" :: "n"(N) : "memory");
}

#define C8(c, i) "+f"(c[i]), "+f"(c[i + 1]), "+f"(c[i + 2]), "+f"(c[i + 3]), \
                 "+f"(c[i + 4]), "+f"(c[i + 5]), "+f"(c[i + 6]), "+f"(c[i + 7])
#define C32(c, i) C8(c, i), C8(c, i + 8), C8(c, i + 16), C8(c, i + 24)
#define REGISTERS_32 "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15"
#define REGISTERS_64 "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15," \
  "%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31"
#define REGISTERS_128 "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15," \
  "%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31," \
  "%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47," \
  "%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63"
#define REGISTERS_192 "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15," \
  "%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31," \
  "%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47," \
  "%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63," \
  "%64,%65,%66,%67,%68,%69,%70,%71,%72,%73,%74,%75,%76,%77,%78,%79," \
  "%80,%81,%82,%83,%84,%85,%86,%87,%88,%89,%90,%91,%92,%93,%94,%95"
#define REGISTERS_256 "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15," \
  "%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31," \
  "%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47," \
  "%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63," \
  "%64,%65,%66,%67,%68,%69,%70,%71,%72,%73,%74,%75,%76,%77,%78,%79," \
  "%80,%81,%82,%83,%84,%85,%86,%87,%88,%89,%90,%91,%92,%93,%94,%95," \
  "%96,%97,%98,%99,%100,%101,%102,%103,%104,%105,%106,%107,%108,%109,%110,%111," \
  "%112,%113,%114,%115,%116,%117,%118,%119,%120,%121,%122,%123,%124,%125,%126,%127"

// c (64 x N) += a (64 x K) b (K x N), K being 32 bytes long. Warp w has rows 16 w and on, of these a lane has what it has
// of c in mma_m16n8k8_tf32, for each 8 columns four numbers; a may be what it has of a there. The product runs on: until
// it was waited for, registers of a and c are not to be touched.
template <class T, int N> struct Warpgroup;
template <> struct Warpgroup<float, 32> {
  static __device__ __forceinline__ void multiply(float (&c)[16], Operand a, Operand b) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %18, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n32k8.f32.tf32.tf32 {" REGISTERS_32 "}, %16, %17, p, 1, 1; }\n"
                 : C8(c, 0), C8(c, 8) : "l"(a), "l"(b), "r"(1));
  }
  static __device__ __forceinline__ void multiply(float (&c)[16], const unsigned (&a)[4], Operand b) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %21, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n32k8.f32.tf32.tf32 {" REGISTERS_32 "}, "
                 "{%16,%17,%18,%19}, %20, p, 1, 1; }\n"
                 : C8(c, 0), C8(c, 8) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(1));
  }
};
template <> struct Warpgroup<float, 64> {
  static __device__ __forceinline__ void multiply(float (&c)[32], Operand a, Operand b) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %34, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n64k8.f32.tf32.tf32 {" REGISTERS_64 "}, %32, %33, p, 1, 1; }\n"
                 : C32(c, 0) : "l"(a), "l"(b), "r"(1));
  }
  static __device__ __forceinline__ void multiply(float (&c)[32], const unsigned (&a)[4], Operand b) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %37, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n64k8.f32.tf32.tf32 {" REGISTERS_64 "}, "
                 "{%32,%33,%34,%35}, %36, p, 1, 1; }\n"
                 : C32(c, 0) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(1));
  }
};
template <> struct Warpgroup<float, 128> {
  static __device__ __forceinline__ void multiply(float (&c)[64], Operand a, Operand b) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %66, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n128k8.f32.tf32.tf32 {" REGISTERS_128 "}, %64, %65, p, 1, 1; }\n"
                 : C32(c, 0), C32(c, 32) : "l"(a), "l"(b), "r"(1));
  }
  static __device__ __forceinline__ void multiply(float (&c)[64], const unsigned (&a)[4], Operand b) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %69, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n128k8.f32.tf32.tf32 {" REGISTERS_128 "}, "
                 "{%64,%65,%66,%67}, %68, p, 1, 1; }\n"
                 : C32(c, 0), C32(c, 32) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(1));
  }
};
template <> struct Warpgroup<float, 192> {
  static __device__ __forceinline__ void multiply(float (&c)[96], Operand a, Operand b) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %98, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n192k8.f32.tf32.tf32 {" REGISTERS_192 "}, %96, %97, p, 1, 1; }\n"
                 : C32(c, 0), C32(c, 32), C32(c, 64) : "l"(a), "l"(b), "r"(1));
  }
  static __device__ __forceinline__ void multiply(float (&c)[96], const unsigned (&a)[4], Operand b) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %101, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n192k8.f32.tf32.tf32 {" REGISTERS_192 "}, "
                 "{%96,%97,%98,%99}, %100, p, 1, 1; }\n"
                 : C32(c, 0), C32(c, 32), C32(c, 64) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(1));
  }
};
template <> struct Warpgroup<float, 256> {
  static __device__ __forceinline__ void multiply(float (&c)[128], Operand a, Operand b) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %130, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n256k8.f32.tf32.tf32 {" REGISTERS_256 "}, %128, %129, p, 1, 1; }\n"
                 : C32(c, 0), C32(c, 32), C32(c, 64), C32(c, 96) : "l"(a), "l"(b), "r"(1));
  }
  static __device__ __forceinline__ void multiply(float (&c)[128], const unsigned (&a)[4], Operand b) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %133, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n256k8.f32.tf32.tf32 {" REGISTERS_256 "}, "
                 "{%128,%129,%130,%131}, %132, p, 1, 1; }\n"
                 : C32(c, 0), C32(c, 32), C32(c, 64), C32(c, 96) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(1));
  }
};
template <> struct Warpgroup<__half, 32> {
  static __device__ __forceinline__ void multiply(float (&c)[16], Operand a, Operand b) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %18, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n32k16.f32.f16.f16 {" REGISTERS_32 "}, %16, %17, p, 1, 1, 0, 0; }\n"
                 : C8(c, 0), C8(c, 8) : "l"(a), "l"(b), "r"(1));
  }
  static __device__ __forceinline__ void multiply(float (&c)[16], const unsigned (&a)[4], Operand b) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %21, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n32k16.f32.f16.f16 {" REGISTERS_32 "}, "
                 "{%16,%17,%18,%19}, %20, p, 1, 1, 0; }\n"
                 : C8(c, 0), C8(c, 8) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(1));
  }
};
template <> struct Warpgroup<__half, 64> {
  static __device__ __forceinline__ void multiply(float (&c)[32], Operand a, Operand b) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %34, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16 {" REGISTERS_64 "}, %32, %33, p, 1, 1, 0, 0; }\n"
                 : C32(c, 0) : "l"(a), "l"(b), "r"(1));
  }
  static __device__ __forceinline__ void multiply(float (&c)[32], const unsigned (&a)[4], Operand b) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %37, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16 {" REGISTERS_64 "}, "
                 "{%32,%33,%34,%35}, %36, p, 1, 1, 0; }\n"
                 : C32(c, 0) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(1));
  }
};
template <> struct Warpgroup<__half, 128> {
  static __device__ __forceinline__ void multiply(float (&c)[64], Operand a, Operand b) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %66, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16 {" REGISTERS_128 "}, %64, %65, p, 1, 1, 0, 0; }\n"
                 : C32(c, 0), C32(c, 32) : "l"(a), "l"(b), "r"(1));
  }
  static __device__ __forceinline__ void multiply(float (&c)[64], const unsigned (&a)[4], Operand b) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %69, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16 {" REGISTERS_128 "}, "
                 "{%64,%65,%66,%67}, %68, p, 1, 1, 0; }\n"
                 : C32(c, 0), C32(c, 32) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(1));
  }
};
template <> struct Warpgroup<__half, 192> {
  static __device__ __forceinline__ void multiply(float (&c)[96], Operand a, Operand b) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %98, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n192k16.f32.f16.f16 {" REGISTERS_192 "}, %96, %97, p, 1, 1, 0, 0; }\n"
                 : C32(c, 0), C32(c, 32), C32(c, 64) : "l"(a), "l"(b), "r"(1));
  }
  static __device__ __forceinline__ void multiply(float (&c)[96], const unsigned (&a)[4], Operand b) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %101, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n192k16.f32.f16.f16 {" REGISTERS_192 "}, "
                 "{%96,%97,%98,%99}, %100, p, 1, 1, 0; }\n"
                 : C32(c, 0), C32(c, 32), C32(c, 64) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(1));
  }
};
template <> struct Warpgroup<__half, 256> {
  static __device__ __forceinline__ void multiply(float (&c)[128], Operand a, Operand b) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %130, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n256k16.f32.f16.f16 {" REGISTERS_256 "}, %128, %129, p, 1, 1, 0, 0; }\n"
                 : C32(c, 0), C32(c, 32), C32(c, 64), C32(c, 96) : "l"(a), "l"(b), "r"(1));
  }
  static __device__ __forceinline__ void multiply(float (&c)[128], const unsigned (&a)[4], Operand b) {
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %133, 0;\n"
                 "wgmma.mma_async.sync.aligned.m64n256k16.f32.f16.f16 {" REGISTERS_256 "}, "
                 "{%128,%129,%130,%131}, %132, p, 1, 1, 0; }\n"
                 : C32(c, 0), C32(c, 32), C32(c, 64), C32(c, 96) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(1));
  }
};
#endif
