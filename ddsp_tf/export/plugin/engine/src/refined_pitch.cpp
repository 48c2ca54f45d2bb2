#include "refined_pitch.hpp"

#include <algorithm>
#include <cmath>

#include "fft.hpp"
#include "pi.hpp"

namespace ddsp {
namespace {

constexpr double lowest_hz = 40.0, shortest_s = 0.024, periods = 3.0, most_change = 0.2;
constexpr double half_a_semitone = 0.029302236643492074;  // 2 ** (0.5 / 12) - 1
constexpr float doubtful = 0.5f, certain = 0.7f;

}  // namespace

RefinedPitch::RefinedPitch(int n_ahead, int n_kept) : n_ahead_(n_ahead), cosines_(fft_length) {
    const int longest = static_cast<int>(periods / lowest_hz * sample_rate) + 4;
    samples_.resize(static_cast<std::size_t>(power_of_two(n_kept + n_ahead + longest)));
    windowed_.resize(static_cast<std::size_t>(longest));
    sloped_.resize(windowed_.size());
    for (int i = 0; i < fft_length; ++i) {
        cosines_[static_cast<std::size_t>(i)] = std::cos(2.0 * pi * i / fft_length);
    }
}

void RefinedPitch::reset() noexcept {
    n_pushed_ = 0;
    std::fill(samples_.begin(), samples_.end(), 0.0f);
}

float RefinedPitch::refine(float f0_hz, float confidence, double position) noexcept {
    const float share = std::min(std::max((confidence - doubtful) / (certain - doubtful), 0.0f), 1.0f);
    if (share <= 0.0f || f0_hz < lowest_hz || f0_hz >= sample_rate / 12.0) return f0_hz;
    const double half_s = std::max(0.5 * periods / f0_hz, 0.5 * shortest_s);
    const double early = std::max(half_s * sample_rate - n_ahead_, 0.0);
    const int half = static_cast<int>(std::floor(half_s * sample_rate + 1.0));
    const std::int64_t origin = static_cast<std::int64_t>(std::floor(position - early + 0.5));
    for (int i = 0; i <= 2 * half; ++i) {
        const double turn = pi * (i - half) / half;
        const std::int64_t at = std::min(origin + i - half, n_pushed_ - 1);
        const double sample = at < 0 ? 0.0 : samples_[static_cast<std::size_t>(at) & (samples_.size() - 1)];
        const double cosine = std::cos(turn), sine = std::sin(turn);
        windowed_[static_cast<std::size_t>(i)] =
            sample * (0.42 + 0.5 * cosine + 0.08 * (2.0 * cosine * cosine - 1.0));
        sloped_[static_cast<std::size_t>(i)] =
            sample * (-pi / half) * (0.5 * sine + 0.32 * sine * cosine);
    }
    double found = f0_hz;
    for (const int n_partials : {2, most_partials}) found = moved(f0_hz, found, n_partials, half);
    if (!(std::fabs(found - f0_hz) <= half_a_semitone * f0_hz)) return f0_hz;
    return static_cast<float>(f0_hz + share * (found - f0_hz));
}

// What the first partials of `from_hz` say, if it isn't far from `f0_hz`.
double RefinedPitch::moved(double f0_hz, double from_hz, int n_partials, int half) const noexcept {
    constexpr int mask = fft_length - 1;
    double weighted_hz = 0.0, weights = 0.0;
    for (int partial = 1; partial <= n_partials; ++partial) {
        const int bin = std::min(
            static_cast<int>(std::floor(from_hz * partial * fft_length / sample_rate + 0.5)),
            fft_length / 2);
        double re = 0.0, im = 0.0, turning_re = 0.0, turning_im = 0.0;
        for (int i = 0, at = 0; i <= 2 * half; ++i, at = (at + bin) & mask) {
            const double cosine = cosines_[static_cast<std::size_t>(at)];
            const double minus_sine = cosines_[static_cast<std::size_t>((at + fft_length / 4) & mask)];
            const double x = windowed_[static_cast<std::size_t>(i)];
            const double turning = sloped_[static_cast<std::size_t>(i)];
            re += x * cosine;
            im += x * minus_sine;
            turning_re += turning * cosine;
            turning_im += turning * minus_sine;
        }
        const double squared = re * re + im * im + 1e-30;
        const double cross = turning_im * re - turning_re * im;  // of the turning and its conjugate
        const double hz = static_cast<double>(bin) * sample_rate / fft_length -
                          cross / squared * sample_rate / (2.0 * pi);
        const double amplitude = std::sqrt(squared);
        weighted_hz += amplitude * hz;
        weights += amplitude * partial;
    }
    const double found = weighted_hz / weights;
    return std::fabs(found - f0_hz) <= most_change * f0_hz ? found : f0_hz;
}

}  // namespace ddsp
