#include <cstddef>

#include "kernels.hpp"

namespace ddsp {
namespace {
#include "kernels.inc"
}
const Kernels baseline_kernels = DDSP_KERNEL_TABLE("baseline");
}  // namespace ddsp
