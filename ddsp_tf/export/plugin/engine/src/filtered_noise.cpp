#include "filtered_noise.hpp"

#include <algorithm>
#include <cmath>

#include "harmonic.hpp"
#include "kernels.hpp"
#include "pi.hpp"

namespace ddsp {
namespace {

std::uint32_t scramble(std::uint32_t x) noexcept {
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    return x ^ x >> 16;
}

}  // namespace

std::uint32_t noise_key(std::uint32_t seed, std::uint32_t row) noexcept {
    return scramble(seed + row * 0x9e3779b9u);
}

float white_noise(std::uint32_t key, std::uint32_t position) noexcept {
    return static_cast<float>(scramble(position ^ key) >> 8) * 0x1p-23f - 1.0f;
}

FilteredNoise::FilteredNoise(const InstrumentData& data, unsigned row)
    : hop_(data.hop_length),
      half_(data.synthesis.window_length / 2),
      n_bands_(data.synthesis.n_bands),
      reach_((half_ + hop_ - 1) / hop_),
      key_(noise_key(data.synthesis.seed, row)),
      fft_(power_of_two(2 * (hop_ + half_))),
      window_(crossfade(hop_, true)),
      re_(static_cast<std::size_t>(fft_.size())),
      im_(re_.size()),
      cosines_(static_cast<std::size_t>(rounded_up(n_bands_, 16)) * half_),
      taper_(static_cast<std::size_t>(half_)),
      sums_(static_cast<std::size_t>((2 * reach_ + 3) * hop_)) {
    for (int j = 0; j < hop_; ++j) window_.push_back(1.0f - window_[static_cast<std::size_t>(j)]);
    const int length = 2 * (n_bands_ - 1), step = rounded_up(n_bands_, 16);
    for (int tap = 0; tap < half_; ++tap) {
        taper_[static_cast<std::size_t>(tap)] =
            static_cast<float>(0.5 + 0.5 * std::cos(pi * tap / half_));
        for (int band = 0; band < n_bands_; ++band) {
            const double share = band == 0 || band == n_bands_ - 1 ? 1.0 : 2.0;
            const long turn = static_cast<long>(band) * tap % length;
            cosines_[static_cast<std::size_t>(tap) * step + band] =
                static_cast<float>(share / length * std::cos(2.0 * pi * turn / length));
        }
    }
    reset();
}

void FilteredNoise::reset() noexcept {
    std::fill(sums_.begin(), sums_.end(), 0.0f);
    position_ = static_cast<std::uint32_t>(-hop_);
}

void FilteredNoise::push(const Floats& magnitudes) noexcept {
    std::copy(sums_.begin() + hop_, sums_.end(), sums_.begin());
    std::fill(sums_.end() - hop_, sums_.end(), 0.0f);
    std::fill(re_.begin(), re_.end(), 0.0f);
    std::fill(im_.begin(), im_.end(), 0.0f);
    for (int j = 0; j < 2 * hop_; ++j) {
        const std::uint32_t at = position_ + static_cast<std::uint32_t>(j);
        re_[static_cast<std::size_t>(j)] =
            white_noise(key_, at) * window_[static_cast<std::size_t>(j)];
    }
    position_ += static_cast<std::uint32_t>(hop_);
    const float level = set_response(magnitudes.data());
    // One transform for two real signals, a and b.
    fft_.forward(re_.data(), im_.data());
    multiply_spectra();
    fft_.inverse(re_.data(), im_.data());
    const int start = reach_ * hop_ - half_;
    const float scale = level / static_cast<float>(fft_.size());
    for (int j = 0; j < 2 * (hop_ + half_) - 1; ++j) {
        sums_[static_cast<std::size_t>(start + j)] += re_[static_cast<std::size_t>(j)] * scale;
    }
}

void FilteredNoise::add(float gain, float gain_at_end, float* audio) const noexcept {
    const float* hop = sums_.data();  // the hop `lookahead` frames back is the oldest one
    const float slope = (gain_at_end - gain) / static_cast<float>(hop_);
    for (int j = 0; j < hop_; ++j) audio[j] += (gain + slope * static_cast<float>(j)) * hop[j];
}

// The symmetric impulse response of the magnitudes, centred at tap `half`, as loud as the noise: so
// that their spectra come apart again without loss. Gives the level that it was divided by.
float FilteredNoise::set_response(const float* magnitudes) noexcept {
    const int step = rounded_up(n_bands_, 16);
    float* response = im_.data();
    float level = 1e-20f;
    for (int tap = 0; tap < half_; ++tap) {
        const float* row = cosines_.data() + static_cast<std::size_t>(tap) * step;
        response[half_ + tap] =
            kernels().dot(row, magnitudes, step) * taper_[static_cast<std::size_t>(tap)];
        level = std::max(level, std::fabs(response[half_ + tap]));
    }
    for (int tap = 0; tap < half_; ++tap) {
        response[half_ + tap] /= level;
        response[half_ - tap] = response[half_ + tap];
    }
    return level;
}

// From the spectrum Z of a + ib to that of a * b: (Z[k]^2 - conj(Z[-k])^2) / 4i.
void FilteredNoise::multiply_spectra() noexcept {
    const std::size_t size = re_.size();
    for (std::size_t k = 0; k <= size / 2; ++k) {
        const std::size_t mirror = (size - k) % size;
        const float square_re = re_[k] * re_[k] - im_[k] * im_[k];
        const float square_im = 2.0f * re_[k] * im_[k];
        const float mirror_re = re_[mirror] * re_[mirror] - im_[mirror] * im_[mirror];
        const float mirror_im = -2.0f * re_[mirror] * im_[mirror];
        const float re = 0.25f * (square_im - mirror_im), im = -0.25f * (square_re - mirror_re);
        re_[k] = re;
        im_[k] = im;
        re_[mirror] = re;
        im_[mirror] = -im;
    }
}

}  // namespace ddsp
