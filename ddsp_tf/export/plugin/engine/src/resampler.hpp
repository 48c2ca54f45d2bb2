// Another sample rate, by windowed sincs, one for each phase (Smith, "Theory of ideal bandlimited
// interpolation"). The number of samples never drifts.
#pragma once

#include <cstdint>

#include "aligned.hpp"

namespace ddsp {

class Resampler {
public:
    // `in_time`: output n is the input at time n / to, as soon as `reach` more samples have come;
    // else it comes as soon as input n * from / to is there, and is `reach` inputs late.
    Resampler(double from, double to, bool in_time);

    int reach() const noexcept { return reach_; }  // in inputs
    void reset() noexcept;

    bool is_ready() const noexcept { return n_pushed_ > due_; }
    void push(float input) noexcept;
    float next() noexcept;  // when it is ready

private:
    float read(int row) const noexcept;

    std::int64_t whole_, part_, parts_;  // an output is whole + part / parts inputs after the last
    std::int64_t first_due_, due_, phase_ = 0, n_pushed_ = 0;
    int reach_, n_taps_, n_rows_, at_ = 0;
    bool exact_;
    Floats rows_, history_;
};

}  // namespace ddsp
