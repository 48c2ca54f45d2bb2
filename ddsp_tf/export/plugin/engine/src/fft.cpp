#include "fft.hpp"

#include <algorithm>
#include <cmath>

namespace ddsp {

Fft::Fft(int size)
    : size_(size),
      cosines_(static_cast<std::size_t>(std::max(1, size / 2))),
      sines_(cosines_.size()),
      other_re_(static_cast<std::size_t>(size)),
      other_im_(static_cast<std::size_t>(size)) {
    for (std::size_t i = 0; i < cosines_.size(); ++i) {
        const double angle = 2.0 * 3.14159265358979323846 * static_cast<double>(i) / size;
        cosines_[i] = static_cast<float>(std::cos(angle));
        sines_[i] = static_cast<float>(std::sin(angle));
    }
}

// Stockham's order: each pass reads one array and writes the other, so nothing is reversed.
void Fft::forward(float* re, float* im) noexcept {
    float *from_re = re, *from_im = im, *to_re = other_re_.data(), *to_im = other_im_.data();
    const int half = size_ / 2;
    for (int run = 1; run < size_; run *= 2) {
        const int turns = half / run;
        for (int t = 0; t < turns; ++t) {
            // Of the pass with `turns` butterflies of one angle, `run` of them lie side by side.
            const float c = cosines_[static_cast<std::size_t>(t * run)];
            const float s = sines_[static_cast<std::size_t>(t * run)];
            const float* __restrict a_re = from_re + t * run;
            const float* __restrict a_im = from_im + t * run;
            const float* __restrict b_re = a_re + half;
            const float* __restrict b_im = a_im + half;
            float* __restrict x_re = to_re + 2 * t * run;
            float* __restrict x_im = to_im + 2 * t * run;
            float* __restrict y_re = x_re + run;
            float* __restrict y_im = x_im + run;
            for (int i = 0; i < run; ++i) {
                const float dr = a_re[i] - b_re[i], di = a_im[i] - b_im[i];
                x_re[i] = a_re[i] + b_re[i];
                x_im[i] = a_im[i] + b_im[i];
                y_re[i] = dr * c + di * s;
                y_im[i] = di * c - dr * s;
            }
        }
        std::swap(from_re, to_re);
        std::swap(from_im, to_im);
    }
    if (from_re != re) {
        std::copy(from_re, from_re + size_, re);
        std::copy(from_im, from_im + size_, im);
    }
}

}  // namespace ddsp
