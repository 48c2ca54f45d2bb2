// Which instructions are used is said here and not by a compiler's option, so that any build works.
#include <cstddef>

#include "kernels.hpp"

#if defined(__x86_64__) || defined(__i386__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif

namespace ddsp {
namespace {
#include "kernels.inc"
const Kernels table = DDSP_KERNEL_TABLE("avx2");
}  // namespace
const Kernels* const avx2_kernels = &table;
}  // namespace ddsp

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#else
namespace ddsp {
const Kernels* const avx2_kernels = nullptr;
}
#endif
