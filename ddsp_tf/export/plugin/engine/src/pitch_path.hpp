// From CREPE's salience to a pitch that holds where none is sure; as `ddsp_tf.features.live_pitch`.
#pragma once

#include "aligned.hpp"

namespace ddsp {

struct TrackedPitch {
    double octaves = 0.0;  // log2 of Hz
    float confidence = 0.0f;
};

class PitchPath {
public:
    explicit PitchPath(float usual_f0_hz);

    void reset() noexcept;
    // The next frame, 10 ms after the last: where the best path so far ends.
    TrackedPitch advance(const float* salience) noexcept;
    TrackedPitch before() const noexcept { return {usual_octaves_, 0.0f}; }

private:
    static constexpr int n_bins = 360, band = 12, n_held = 5;

    int strongest_bin(const float* salience) noexcept;
    double held() const noexcept;

    double usual_octaves_, sure_[n_held] = {};
    int n_sure_ = 0;
    Floats belief_, scores_, row_sums_;  // the belief has bins beyond both ends that nothing leaves
    float weights_[2 * band - 1];
};

}  // namespace ddsp
