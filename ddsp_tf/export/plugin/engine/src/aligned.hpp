// Arrays of floats that vector instructions read well.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace ddsp {

template <class T>
struct AlignedAllocator {
    using value_type = T;
    static constexpr std::align_val_t alignment{64};
    AlignedAllocator() = default;
    template <class U>
    AlignedAllocator(const AlignedAllocator<U>&) noexcept {}
    T* allocate(std::size_t n) {
        return static_cast<T*>(::operator new(n * sizeof(T), alignment));
    }
    void deallocate(T* p, std::size_t) noexcept { ::operator delete(p, alignment); }
    bool operator==(const AlignedAllocator&) const noexcept { return true; }
    bool operator!=(const AlignedAllocator&) const noexcept { return false; }
};

using Floats = std::vector<float, AlignedAllocator<float>>;

inline int rounded_up(int n, int multiple) { return (n + multiple - 1) / multiple * multiple; }

}  // namespace ddsp
