// CREPE (Kim et al. 2018) for sound that comes as it is played: salience of a frame every 10 ms.
#pragma once

#include "first_layer.hpp"
#include "low_notes.hpp"

namespace ddsp {

class Crepe {
public:
    static constexpr int n_bins = 360;
    // Samples after a frame's middle that it waits for, so as not to be late: 12 ms.
    static constexpr int live_ahead = 192;

    explicit Crepe(const TrackerWeights& weights, int n_ahead = live_ahead);

    void reset() noexcept { first_.reset(); }
    // Takes the next sample at 16 kHz. True: a frame is heard with it, and `salience` is that frame's.
    bool push(float sample) noexcept;
    const float* salience() const noexcept { return salience_.data(); }

private:
    static constexpr int rows_before = 31, rows_after = 36;

    void convolve(int index) noexcept;

    const TrackerWeights& weights_;
    FirstLayer first_;
    LowNotes low_notes_;
    std::vector<Floats> inputs_;  // of each layer but the first, with rows of zeros around them
    Floats sums_, salience_;
};

}  // namespace ddsp
