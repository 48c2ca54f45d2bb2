#include "controls.hpp"

#include <algorithm>
#include <cmath>

namespace ddsp {

Controls::Controls(const Synthesis& synthesis)
    : distribution(static_cast<std::size_t>(synthesis.n_harmonics)),
      magnitudes(static_cast<std::size_t>(rounded_up(synthesis.n_bands, 16))) {}

float scale_f0_hz(float f0_hz) noexcept {
    const float lowest = 8.1757989f;
    return (69.0f + 17.31234049f * std::log(std::max(f0_hz, lowest) / 440.0f)) / 127.0f;
}

float scale_loudness_db(float loudness_db) noexcept { return loudness_db / 80.0f + 1.0f; }

// 2 sigmoid(x)^ln(10) + 1e-7, in an order that doesn't underflow.
float exp_sigmoid(float x) noexcept {
    const float softplus = x > 0.0f ? std::log1p(std::exp(-x)) : std::log1p(std::exp(x)) - x;
    return 2.0f * std::exp(-2.302585093f * softplus) + 1e-7f;
}

void finish(const RawControls& raw, const InstrumentData& data, Controls& controls) noexcept {
    const Synthesis& synthesis = data.synthesis;
    const auto scaled = [&synthesis](float x) {
        return synthesis.scale_harmonics ? exp_sigmoid(x) : x;
    };
    controls.amplitude = scaled(*raw.amplitude + raw.louder);
    const float nyquist = 0.5f * static_cast<float>(data.sample_rate);
    float total = 0.0f;
    for (int k = 0; k < synthesis.n_harmonics; ++k) {
        float& share = controls.distribution[static_cast<std::size_t>(k)];
        const bool muted = synthesis.mute_above_nyquist &&
                           !(controls.f0_hz * static_cast<float>(k + 1) < nyquist);
        share = muted ? 0.0f : scaled(raw.distribution[k]);
        total += share;
    }
    const float one = total != 0.0f ? 1.0f / total : 0.0f;
    for (float& share : controls.distribution) share *= one;
    for (int b = 0; b < synthesis.n_bands; ++b) {
        const float x = raw.magnitudes[b] + raw.louder;
        controls.magnitudes[static_cast<std::size_t>(b)] =
            synthesis.scale_noise ? exp_sigmoid(x + synthesis.noise_bias) : x;
    }
}

}  // namespace ddsp
