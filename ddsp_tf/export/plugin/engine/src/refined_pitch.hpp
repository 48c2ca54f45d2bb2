// A pitch to the cent, from one that is nearly right, by the phases of its first partials; as
// `ddsp_tf.features.refined_pitch` (Morise et al. 2016, StoneMask; Flanagan and Golden 1966).
#pragma once

#include <cstdint>

#include "aligned.hpp"

namespace ddsp {

class RefinedPitch {
public:
    static constexpr int sample_rate = 16000;

    // Hears at most so many samples after `position` in `refine`.
    RefinedPitch(int n_ahead, int n_kept);

    void reset() noexcept;
    void push(float sample) noexcept {
        samples_[static_cast<std::size_t>(n_pushed_++) & (samples_.size() - 1)] = sample;
    }
    std::int64_t n_pushed() const noexcept { return n_pushed_; }

    // A pitch in Hz at a sample, and how sure CREPE is of it: what the samples around say. Of low
    // notes the window ends where any other does, and its middle is earlier.
    float refine(float f0_hz, float confidence, double position) noexcept;

private:
    static constexpr int fft_length = 2048, most_partials = 6;

    double moved(double f0_hz, double from_hz, int n_partials, int half) const noexcept;

    int n_ahead_;
    std::int64_t n_pushed_ = 0;
    Floats samples_;                  // the last ones, a ring
    std::vector<double> cosines_;     // of a whole turn in `fft_length` steps
    std::vector<double> windowed_, sloped_;
};

}  // namespace ddsp
