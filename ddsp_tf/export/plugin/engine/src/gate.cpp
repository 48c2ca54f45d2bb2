#include "gate.hpp"

#include <algorithm>
#include <cmath>

namespace ddsp {
namespace {

constexpr float certain = 0.8f, sure = 0.6f, unsure = 0.4f, quiet_db = -60.0f;
constexpr double sure_s = 0.02, hold_s = 0.04;

}  // namespace

Gate::Gate(double frame_rate)
    : frame_rate_(frame_rate),
      hold_frames_(static_cast<int>(std::nearbyint(hold_s * frame_rate))),
      sure_frames_(std::max(1, static_cast<int>(std::nearbyint(sure_s * frame_rate)))) {}

void Gate::reset() noexcept {
    gain_ = 0.0;
    is_sounding_ = false;
    n_sure_ = n_unsure_ = 0;
}

float Gate::gain(const Frame& frame, float release_s) noexcept {
    bool is_pitch = false;
    if (frame.loudness_db > quiet_db) {
        n_sure_ = frame.confidence >= sure ? n_sure_ + 1 : 0;
        is_pitch = frame.confidence >= (is_sounding_ ? unsure : certain) || n_sure_ >= sure_frames_;
    }
    if (is_pitch) {
        is_sounding_ = true;
        n_unsure_ = 0;
    } else {
        ++n_unsure_;
        is_sounding_ = is_sounding_ && n_unsure_ <= hold_frames_;
    }
    const double fall = 1.0 / std::max(1.0, static_cast<double>(release_s) * frame_rate_);
    gain_ = is_sounding_ ? 1.0 : std::max(0.0, gain_ - fall);
    return static_cast<float>(gain_);
}

}  // namespace ddsp
