// Fourier transforms of power-of-two length, real and imaginary parts in arrays of their own.
#pragma once

#include <vector>

#include "aligned.hpp"

namespace ddsp {

class Fft {
public:
    explicit Fft(int size);  // a power of two

    int size() const noexcept { return size_; }

    // In place. The inverse doesn't divide by the size.
    void forward(float* re, float* im) noexcept;
    void inverse(float* re, float* im) noexcept { forward(im, re); }

private:
    int size_;
    Floats cosines_, sines_, other_re_, other_im_;
};

inline int power_of_two(int least) {
    int size = 1;
    while (size < least) size *= 2;
    return size;
}

}  // namespace ddsp
