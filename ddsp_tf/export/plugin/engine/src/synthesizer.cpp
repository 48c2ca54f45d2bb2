#include "synthesizer.hpp"

#include <algorithm>

namespace ddsp {
namespace {

// A noise that is never asked for anything, in models that have none.
InstrumentData with_some_noise(const InstrumentData& data) {
    InstrumentData some;
    some.hop_length = data.hop_length;
    some.synthesis.n_bands = 2;
    some.synthesis.window_length = 2;
    return some;
}

FilteredNoise noise_of(const InstrumentData& data, unsigned row) {
    return data.synthesis.n_bands ? FilteredNoise(data, row)
                                  : FilteredNoise(with_some_noise(data), row);
}

}  // namespace

Synthesizer::Synthesizer(const InstrumentData& data, unsigned row)
    : hop_(data.hop_length),
      has_noise_(data.synthesis.n_bands > 0),
      harmonic_(data),
      noise_(noise_of(data, row)),
      audio_(static_cast<std::size_t>(hop_)) {
    lookahead_ = has_noise_ ? noise_.lookahead() : 1;
    frames_.assign(static_cast<std::size_t>(lookahead_ + 2), Controls(data.synthesis));
    gains_.assign(frames_.size(), 0.0f);
}

void Synthesizer::reset() noexcept {
    harmonic_.reset();
    noise_.reset();
    n_frames_ = 0;
    newest_ = 0;
}

void Synthesizer::push(float gain) noexcept {
    const std::size_t at = static_cast<std::size_t>(newest_);
    gains_[at] = gain;
    if (has_noise_) noise_.push(frames_[at].magnitudes);
    newest_ = (newest_ + 1) % static_cast<int>(frames_.size());
    ++n_frames_;
}

void Synthesizer::add(float noise, float noise_at_end, float* audio) noexcept {
    if (n_frames_ <= lookahead_) return;
    const int size = static_cast<int>(frames_.size());
    const std::size_t here = static_cast<std::size_t>((newest_ - 1 - lookahead_ + 2 * size) % size);
    const std::size_t following = (here + 1) % frames_.size();
    std::fill(audio_.begin(), audio_.end(), 0.0f);
    harmonic_.add(frames_[here], frames_[following], audio_.data());
    if (has_noise_) noise_.add(noise, noise_at_end, audio_.data());
    const float gain = gains_[here];
    const float slope = (gains_[following] - gain) / static_cast<float>(hop_);
    for (int j = 0; j < hop_; ++j) {
        audio[j] += (gain + slope * static_cast<float>(j)) * audio_[static_cast<std::size_t>(j)];
    }
}

}  // namespace ddsp
