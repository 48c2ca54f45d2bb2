#include "loudness.hpp"

#include <algorithm>
#include <cmath>

#include "pi.hpp"

namespace ddsp {
namespace {

// As a gain, 1 at 1 kHz and 1e-4 at the least (IEC 61672-1:2013, annex E).
double a_weighting(double hz) {
    const auto response = [](double square) {
        const double high = 12194.217 * 12194.217;
        return high * square * square /
               ((square + 20.598997 * 20.598997) *
                std::sqrt((square + 107.65265 * 107.65265) * (square + 737.86223 * 737.86223)) *
                (square + high));
    };
    return std::max(response(hz * hz) / response(1e6), 1e-4);
}

int odd_part(int n) {
    while (n % 2 == 0) n /= 2;
    return n;
}

}  // namespace

Loudness::Loudness(LoudnessKind kind, int length, int sample_rate)
    : kind_(kind),
      length_(length),
      n_interleaved_(odd_part(length)),
      fft_(length / n_interleaved_),
      window_(static_cast<std::size_t>(length)),
      weights_(static_cast<std::size_t>(length / 2 + 1)),
      cosines_(window_.size()),
      sines_(window_.size()),
      re_(window_.size()),
      im_(window_.size()) {
    double energy = 0.0;
    for (int i = 0; i < length; ++i) {
        const std::size_t at = static_cast<std::size_t>(i);
        const double angle = 2.0 * pi * i / length, value = 0.5 - 0.5 * std::cos(angle);
        window_[at] = static_cast<float>(value);
        energy += value * value;
        cosines_[at] = static_cast<float>(std::cos(angle));
        sines_[at] = static_cast<float>(std::sin(angle));
    }
    const double n_bins = static_cast<double>(weights_.size());
    for (int bin = 0; bin <= length / 2; ++bin) {
        const double gain = a_weighting(static_cast<double>(bin) * sample_rate / length);
        // Every bin but 0 and Nyquist stands for two.
        const double share = bin == 0 || 2 * bin == length ? 1.0 : 2.0;
        const double norm = kind == LoudnessKind::magenta ? 1.0 / n_bins : share / (length * energy);
        weights_[static_cast<std::size_t>(bin)] = static_cast<float>(gain * gain * norm);
    }
}

float Loudness::measure(const float* samples) noexcept {
    double power = 0.0;
    if (kind_ == LoudnessKind::rms) {
        for (int i = 0; i < length_; ++i) power += static_cast<double>(samples[i]) * samples[i];
        power /= length_;
    } else {
        power = weighted_power(samples);
    }
    return static_cast<float>(10.0 * std::log10(std::max(power, 1e-8)));
}

// The spectrum by the transforms of interleaved parts, joined (Cooley and Tukey 1965).
double Loudness::weighted_power(const float* samples) noexcept {
    const int n_parts = n_interleaved_, size = fft_.size();
    for (int part = 0; part < n_parts; ++part) {
        float* re = re_.data() + part * size;
        float* im = im_.data() + part * size;
        for (int i = 0; i < size; ++i) {
            const std::size_t at = static_cast<std::size_t>(part + n_parts * i);
            re[i] = samples[at] * window_[at];
            im[i] = 0.0f;
        }
        fft_.forward(re, im);
    }
    double sum = 0.0;
    for (int bin = 0; bin <= length_ / 2; ++bin) {
        float re = 0.0f, im = 0.0f;
        for (int part = 0; part < n_parts; ++part) {
            const std::size_t at = static_cast<std::size_t>(part * size + bin % size);
            const std::size_t turn =
                static_cast<std::size_t>(static_cast<long long>(part) * bin % length_);
            re += re_[at] * cosines_[turn] + im_[at] * sines_[turn];
            im += im_[at] * cosines_[turn] - re_[at] * sines_[turn];
        }
        sum += static_cast<double>(weights_[static_cast<std::size_t>(bin)]) * (re * re + im * im);
    }
    return sum;
}

}  // namespace ddsp
