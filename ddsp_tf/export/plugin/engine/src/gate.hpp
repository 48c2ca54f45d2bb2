// Opens when a pitch is sure and loud, and closes when it no longer is; as
// `ddsp_tf.inference.LiveGate`.
#pragma once

#include "front_end.hpp"

namespace ddsp {

class Gate {
public:
    explicit Gate(double frame_rate);
    void reset() noexcept;
    float gain(const Frame& frame, float release_s) noexcept;  // 0 to 1

private:
    double frame_rate_, gain_ = 0.0;
    int hold_frames_, sure_frames_, n_sure_ = 0, n_unsure_ = 0;
    bool is_sounding_ = false;
};

}  // namespace ddsp
