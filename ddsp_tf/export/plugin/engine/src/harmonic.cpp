#include "harmonic.hpp"

#include <algorithm>
#include <cmath>

#include "kernels.hpp"
#include "pi.hpp"

namespace ddsp {

namespace {
}

Floats crossfade(int hop_length, bool window) {
    Floats weight(static_cast<std::size_t>(hop_length));
    for (int j = 0; j < hop_length; ++j) {
        const double position = static_cast<double>(j) / hop_length;
        const double sine = std::sin(0.5 * pi * position);
        weight[static_cast<std::size_t>(j)] = static_cast<float>(window ? sine * sine : position);
    }
    return weight;
}

Harmonic::Harmonic(const InstrumentData& data)
    : hop_(data.hop_length),
      n_harmonics_(data.synthesis.n_harmonics),
      n_padded_(rounded_up(hop_, 16)),
      sample_rate_(data.sample_rate),
      weight_(crossfade(hop_, data.synthesis.window_crossfade)),
      sine_(static_cast<std::size_t>(n_padded_)),
      cosine_(sine_.size()),
      here_(static_cast<std::size_t>(n_harmonics_)),
      slope_(here_.size()),
      sum_(sine_.size()) {
    weight_.resize(sine_.size());
}

void Harmonic::add(const Controls& frame, const Controls& next, float* audio) noexcept {
    const float highest = std::max(frame.f0_hz, next.f0_hz);
    const float nyquist = 0.5f * static_cast<float>(sample_rate_);
    int n_audible = 0;
    for (; n_audible < n_harmonics_; ++n_audible) {
        if (!(highest * static_cast<float>(n_audible + 1) < nyquist)) break;
        const std::size_t k = static_cast<std::size_t>(n_audible);
        here_[k] = frame.amplitude * frame.distribution[k];
        slope_[k] = next.amplitude * next.distribution[k] - here_[k];
    }
    const double cycles = frame.f0_hz / sample_rate_;
    const double change = (next.f0_hz - frame.f0_hz) / sample_rate_;
    for (int j = 0; j < hop_; ++j) {
        const double turns =
            turns_ + cycles * (j + 1) + change * (static_cast<double>(j) * (j + 1) / (2.0 * hop_));
        const float angle = static_cast<float>(2.0 * pi * (turns - std::floor(turns + 0.5)));
        sine_[static_cast<std::size_t>(j)] = std::sin(angle);
        cosine_[static_cast<std::size_t>(j)] = std::cos(angle);
    }
    turns_ += cycles * hop_ + change * (0.5 * (hop_ - 1));
    turns_ -= std::floor(turns_);
    std::fill(sum_.begin(), sum_.end(), 0.0f);
    kernels().add_partials(here_.data(), slope_.data(), n_audible, weight_.data(), sine_.data(),
                           cosine_.data(), sum_.data(), n_padded_);
    for (int j = 0; j < hop_; ++j) audio[j] += sum_[static_cast<std::size_t>(j)];
}

}  // namespace ddsp
