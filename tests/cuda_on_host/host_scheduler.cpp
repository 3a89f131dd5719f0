// The threads of a block on one thread of the host: each is a fiber, which runs until it reaches a barrier, a warp
// operation or its end; then another has its turn. Blocks run one after another.
//
// Turns are taken in an order: ascending, descending, or random, where moreover some warps wait a round. In each a
// block is right only if its barriers make it so. A thread that never waits needs no stack of its own: the next begins
// where it ended, so that kernels without barriers run as plain loops.
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "host_shim.h"

// Saves the registers that a function must keep, and the stack; goes on with another stack and what lies saved there.
extern "C" void shim_switch(void** save, void* stack);
asm(R"(
.text
.local shim_switch
.type shim_switch, @function
shim_switch:
  push %rbp
  push %rbx
  push %r12
  push %r13
  push %r14
  push %r15
  mov %rsp, (%rdi)
  mov %rsi, %rsp
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbx
  pop %rbp
  ret
)");

namespace shim {
namespace {

enum Order { ASCENDING, DESCENDING, RANDOM };
enum State { NEW, READY, AT_BARRIER, AT_NAMED_BARRIER, IN_WARP_OPERATION, ENDED };
enum { STACK = 64 << 10, PAGE = 4096, MOST_SHARED = 227 << 10, GUARD = 64 };
constexpr unsigned char UNWRITTEN = 0xff;  // a NaN in every floating type

struct Copy {
  void* to;
  const void* from;
  int bytes, group;
  bool ok;
  void land() const { ok ? memcpy(to, from, bytes) : memset(to, 0, bytes); }
};
struct Fiber : Thread {
  State state;
  int line;     // of the barrier or operation that it waits at
  int barrier;  // its number, if it has one
  char* stack;  // of its own, while it runs or waits
  void* sp;
  int groups;  // of asynchronous copies, so far
  std::vector<Copy> copies;  // under way
};
struct Warp {
  int arrived;
  unsigned phase;
  Lane table[2][32];  // taken in turns: one operation may be looked at while the next is laid out
};

std::vector<Fiber> fibers;
std::vector<Warp> warps;
std::vector<int> turns;  // the order of a round
int place;               // in that round
int arrived, ended;
int arrived_at[16];  // at barriers that have numbers
bool waits_out[32];  // warps that have no turn in this round
bool anyone_ran;
Order order;
uint64_t random_state;
std::vector<char*> stacks, free_stacks;
char* fault_stack;
char* shared_end;  // of dynamic shared memory: the next page cannot be touched
void* scheduler_sp;
void (*thread_body)(void*);
void* kernel_call;
char error[512];

uint32_t random_bits() {  // xorshift
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state >> 32;
}
uint32_t random_below(uint32_t limit) { return uint64_t(random_bits()) * limit >> 32; }
bool by_chance() { return order == RANDOM && (random_bits() & 1); }

Fiber* self() { return static_cast<Fiber*>(current); }

// Returns who is next in this round, if anyone is.
Fiber* next_in_turn() {
  const int count = turns.size();
  while (place < count) {
    Fiber& fiber = fibers[turns[place++]];
    if (fiber.state <= READY && !waits_out[fiber.warp]) {
      anyone_ran = true;
      return &fiber;
    }
  }
  return nullptr;
}

char* take_stack() {
  if (free_stacks.empty()) {
    auto memory = static_cast<char*>(
        mmap(nullptr, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    mprotect(memory, PAGE, PROT_NONE);  // one that is too small is a fault
    stacks.push_back(memory);
    return memory;
  }
  char* stack = free_stacks.back();
  free_stacks.pop_back();
  return stack;
}

void run_threads();

// Leaves the stack that runs, saving it in `save`, for the fiber's, or for the scheduler's if there is none.
void go_on_with(Fiber* fiber, void** save) {
  if (!fiber) {
    shim_switch(save, scheduler_sp);
    return;
  }
  current = fiber;
  if (fiber->state == NEW) {
    fiber->state = READY;
    fiber->stack = take_stack();
    auto top = reinterpret_cast<void**>(fiber->stack + STACK) - 8;
    memset(top, 0, 8 * sizeof *top);                // six registers,
    top[6] = reinterpret_cast<void*>(&run_threads);  // and where to return to
    fiber->sp = top;
  }
  shim_switch(save, fiber->sp);
}

void wait_for_turn() {
  Fiber* fiber = self();
  go_on_with(next_in_turn(), &fiber->sp);
}

// What a stack does: it runs a thread to its end, and then the next if that is new.
void run_threads() {
  for (;;) {
    Fiber* fiber = self();
    thread_body(kernel_call);
    if (!fiber->copies.empty()) fail("ended while cp.async was under way");
    fiber->state = ENDED;
    ended++;
    Fiber* next = next_in_turn();
    if (!next || next->state != NEW) {
      free_stacks.push_back(fiber->stack);
      go_on_with(next, &fiber->sp);
    }
    next->state = READY;
    next->stack = fiber->stack;
    current = next;
  }
}

void begin_block() {
  arrived = ended = 0;
  std::fill(std::begin(arrived_at), std::end(arrived_at), 0);
  free_stacks = stacks;
  for (auto& warp : warps) warp.arrived = 0, warp.phase = 0;
  for (auto& fiber : fibers) {
    fiber.state = NEW;
    fiber.line = fiber.groups = 0;
    fiber.copies.clear();
  }
  std::iota(turns.begin(), turns.end(), 0);
  if (order == DESCENDING) std::reverse(turns.begin(), turns.end());
  std::fill(std::begin(waits_out), std::end(waits_out), false);
}

void say_who_waits() {
  int at_barrier = 0, in_operation = 0, line = 0;
  for (auto& fiber : fibers) {
    if (fiber.state == ENDED) continue;
    fiber.state == IN_WARP_OPERATION ? in_operation++ : at_barrier++;
    line = fiber.line;
  }
  snprintf(error, sizeof error,
           "block (%u, %u, %u): deadlock: %d threads at __syncthreads, %d in operations of a warp, %d ended; line %d",
           block_index.x, block_index.y, block_index.z, at_barrier, in_operation, ended, line);
}

void run_block() {
  begin_block();
  const int count = fibers.size();
  for (int idle = 0; ended < count && !error[0];) {
    if (order == RANDOM) {
      for (int i = count - 1; i > 0; i--) std::swap(turns[i], turns[random_below(i + 1)]);
      for (auto& out : waits_out) out = !idle && by_chance();
    }
    place = 0;
    anyone_ran = false;
    if (Fiber* first = next_in_turn()) go_on_with(first, &scheduler_sp);
    idle = anyone_ran ? 0 : idle + 1;
    if (idle > 1 && ended < count && !error[0]) say_who_waits();
  }
  current = nullptr;
}

// The step in which blocks are gone through at random: one that has no divisor in common with their number.
uint64_t step_through(uint64_t blocks) {
  uint64_t step = 1 + random_bits() % blocks;
  while (std::gcd(step, blocks) != 1) step++;
  return step;
}

void on_fault(int signal_number, siginfo_t* fault, void*) {
  if (!current) {
    signal(signal_number, SIG_DFL);  // not ours
    return;
  }
  if (signal_number == SIGFPE) fail("division of an integer by 0");
  if (signal_number == SIGILL) fail("what has no meaning in C++, as g++ has noticed");
  auto address = static_cast<char*>(fault->si_addr);
  if (address >= self()->stack && address < self()->stack + PAGE) fail("more than %d bytes of local memory", STACK);
  fail("illegal address %p", static_cast<void*>(address));
}

// For as long as it lives, faults end the launch and not the process.
class FaultsCaught {
  static constexpr int SIGNALS[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
  struct sigaction before[4];
  stack_t stack_before;

 public:
  FaultsCaught() {
    stack_t stack = {};
    stack.ss_sp = fault_stack;
    stack.ss_size = STACK;
    sigaltstack(&stack, &stack_before);
    struct sigaction action = {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
    for (int i = 0; i < 4; i++) sigaction(SIGNALS[i], &action, &before[i]);
  }
  ~FaultsCaught() {
    for (int i = 0; i < 4; i++) sigaction(SIGNALS[i], &before[i], nullptr);
    sigaltstack(&stack_before, nullptr);
  }
};

void map_memory() {
  const int access = PROT_READ | PROT_WRITE, kind = MAP_PRIVATE | MAP_ANONYMOUS;
  const size_t bytes = 64 * PAGE;
  static_assert(bytes >= MOST_SHARED + GUARD);
  auto shared = static_cast<char*>(mmap(nullptr, bytes + PAGE, access, kind, -1, 0));
  shared_end = shared + bytes;
  mprotect(shared_end, PAGE, PROT_NONE);
  fault_stack = static_cast<char*>(mmap(nullptr, STACK, access, kind, -1, 0));
}

bool is_unwritten(const char* begin, const char* end) {
  return std::all_of(begin, end, [](char byte) { return static_cast<unsigned char>(byte) == UNWRITTEN; });
}

}  // namespace

Thread* current;
uint3 block_index;
dim3 block_size, grid_size;
char* dynamic_shared;

void fail(const char* format, ...) {
  const auto& thread = current->index;
  int length = snprintf(error, sizeof error, "block (%u, %u, %u), thread (%u, %u, %u): ", block_index.x, block_index.y,
                        block_index.z, thread.x, thread.y, thread.z);
  va_list values;
  va_start(values, format);
  vsnprintf(error + length, sizeof error - length, format, values);
  va_end(values);
  void* abandoned;
  shim_switch(&abandoned, scheduler_sp);
  __builtin_unreachable();
}

void sync_block(int line) {
  Fiber* fiber = self();
  fiber->line = line;
  if (++arrived < int(fibers.size())) {
    fiber->state = AT_BARRIER;
    wait_for_turn();
    return;
  }
  for (auto& other : fibers) {
    if (other.line != line) fail("__syncthreads of line %d met by a thread that waits at line %d", line, other.line);
    other.state = READY;
  }
  arrived = 0;
  if (by_chance()) wait_for_turn();
}

void sync_part(int barrier, int threads, int line) {
  Fiber* fiber = self();
  if (barrier < 1 || barrier > 15 || threads % 32) fail("barrier %d of %d threads: 1 to 15 of whole warps", barrier, threads);
  fiber->line = line, fiber->barrier = barrier;
  if (++arrived_at[barrier] < threads) {
    fiber->state = AT_NAMED_BARRIER;
    wait_for_turn();
    return;
  }
  for (auto& other : fibers)
    if (other.state == AT_NAMED_BARRIER && other.barrier == barrier) other.state = READY;
  arrived_at[barrier] = 0;
  if (by_chance()) wait_for_turn();
}

Lane& my_place() {
  Warp& warp = warps[current->warp];
  return warp.table[warp.phase & 1][current->lane];
}

Lane* join(void (*finish)(Lane*), int line) {
  Fiber* fiber = self();
  Warp& warp = warps[fiber->warp];
  Lane* table = warp.table[warp.phase & 1];
  fiber->line = line;
  if (++warp.arrived < 32) {
    fiber->state = IN_WARP_OPERATION;
    wait_for_turn();
    return table;
  }
  for (Fiber* other = &fibers[fiber->warp * 32], *end = other + 32; other < end; other++) {
    if (other->line != line) fail("the warp's operation of line %d met by a lane at line %d", line, other->line);
    other->state = READY;
  }
  if (finish) finish(table);
  warp.arrived = 0;
  warp.phase++;
  if (by_chance()) wait_for_turn();
  return table;
}

void sync_warp(int line) { join(nullptr, line); }

// A copy lands as late as may be, when it is waited for; in descending order at once; in random order by chance.
void copy_async(void* to, const void* from, int bytes, bool ok) {
  if (uintptr_t(to) % bytes || (ok && uintptr_t(from) % bytes)) fail("cp.async of %d bytes, misaligned", bytes);
  Copy copy{to, from, bytes, self()->groups, ok};
  if (order == DESCENDING || by_chance()) {
    copy.land();
  } else {
    self()->copies.push_back(copy);
  }
}

void commit_copies() { self()->groups++; }

void wait_for_copies(int groups) {
  auto& copies = self()->copies;
  auto landed = copies.begin();
  while (landed != copies.end() && landed->group < self()->groups - groups) landed++->land();
  copies.erase(copies.begin(), landed);
}

const char* refuse_arguments(int given, int taken, const int* sizes, const int* wanted) {
  if (given != taken) {
    snprintf(error, sizeof error, "%d arguments, the kernel takes %d", given, taken);
    return error;
  }
  for (int i = 0; i < given; i++) {
    if (sizes[i] == wanted[i]) continue;
    snprintf(error, sizeof error, "argument %d has %d bytes, the kernel takes %d", i, sizes[i], wanted[i]);
    return error;
  }
  return nullptr;
}

const char* run(const Launch& launch, void (*thread)(void*), void* kernel, char* shared, size_t shared_bytes) {
  auto sizes = [](const int* three) { return dim3(three[0], three[1], three[2]); };
  grid_size = sizes(launch.grid);
  block_size = sizes(launch.block);
  const uint64_t count = uint64_t(block_size.x) * block_size.y * block_size.z;
  if (count < 1 || count > 1024 || block_size.z > 64) return "a block has 1 to 1024 threads, 64 along z";
  if (grid_size.y > 65535 || grid_size.z > 65535) return "a grid has up to 65535 blocks along y and z";
  if (launch.shared > MOST_SHARED) return "a block has up to 227 KB of shared memory";

  order = Order(launch.order);
  random_state = launch.seed * 0x9e3779b97f4a7c15 + 88172645463325252;
  thread_body = thread;
  kernel_call = kernel;
  error[0] = 0;
  fibers.resize(count);
  turns.resize(count);
  warps.resize((count + 31) / 32);
  for (unsigned i = 0; i < count; i++) {
    fibers[i].index = {i % block_size.x, i / block_size.x % block_size.y, i / block_size.x / block_size.y};
    fibers[i].lane = i % 32;
    fibers[i].warp = i / 32;
  }
  if (!shared_end) map_memory();
  const size_t taken = (launch.shared + 15) / 16 * 16;
  dynamic_shared = shared_end - taken;

  FaultsCaught caught;
  const uint64_t blocks = uint64_t(grid_size.x) * grid_size.y * grid_size.z;
  const uint64_t step = order == RANDOM ? step_through(blocks) : 1;
  for (uint64_t i = 0; i < blocks && !error[0]; i++) {
    const uint64_t at = order == DESCENDING ? blocks - 1 - i : i * step % blocks;
    block_index = {unsigned(at % grid_size.x), unsigned(at / grid_size.x % grid_size.y),
                   unsigned(at / grid_size.x / grid_size.y)};
    memset(dynamic_shared - GUARD, UNWRITTEN, GUARD + taken);
    memset(shared, UNWRITTEN, shared_bytes);
    run_block();
    if (!error[0] && !(is_unwritten(dynamic_shared - GUARD, dynamic_shared) &&
                       is_unwritten(dynamic_shared + launch.shared, shared_end)))
      snprintf(error, sizeof error, "block (%u, %u, %u): written beside the %ld bytes of dynamic shared memory",
               block_index.x, block_index.y, block_index.z, long(launch.shared));
  }
  return error[0] ? error : nullptr;
}

}  // namespace shim
