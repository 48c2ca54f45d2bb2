// What filters are made of that resample: a sinc under a Kaiser window.
#pragma once

#include <cmath>

#include "pi.hpp"

namespace ddsp {

inline double bessel_i0(double x) {
    double sum = 1.0, term = 1.0;
    for (int k = 1; k < 60; ++k) {
        term *= (0.5 * x / k) * (0.5 * x / k);
        sum += term;
    }
    return sum;
}

inline double sinc(double x) {
    return std::fabs(x) < 1e-9 ? 1.0 : std::sin(pi * x) / (pi * x);
}

}  // namespace ddsp
