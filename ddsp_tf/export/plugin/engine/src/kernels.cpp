#include "kernels.hpp"

namespace ddsp {

static const Kernels* fastest() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2_kernels;
#endif
    return &baseline_kernels;
}

// Chosen while the program is loaded: the audio thread must not be the first to ask.
static const Kernels* const chosen = fastest();

const Kernels& kernels() noexcept { return *chosen; }

}  // namespace ddsp
