#include "resampler.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels.hpp"
#include "windowed_sinc.hpp"

namespace ddsp {
namespace {

constexpr double zero_crossings = 32.0, roll_off = 0.955, kaiser_beta = 9.0;
constexpr std::int64_t most_rows = 1024;

}  // namespace

Resampler::Resampler(double from, double to, bool in_time) {
    // Rates are whole numbers of Hz, or of thousandths of one.
    std::int64_t a = std::llround(from * 1000.0), b = std::llround(to * 1000.0);
    const std::int64_t divisor = std::gcd(a, b);
    a /= divisor;
    b /= divisor;
    whole_ = a / b;
    part_ = a % b;
    parts_ = b;
    const double cutoff = std::min(1.0, to / from);
    reach_ = static_cast<int>(std::ceil(zero_crossings / cutoff));
    n_taps_ = rounded_up(2 * reach_, 16);
    exact_ = parts_ <= most_rows;
    n_rows_ = static_cast<int>(exact_ ? parts_ : most_rows + 1);
    rows_.resize(static_cast<std::size_t>(n_rows_) * n_taps_);
    for (int row = 0; row < n_rows_; ++row) {
        const double phase = static_cast<double>(row) / static_cast<double>(exact_ ? parts_ : most_rows);
        float* taps = rows_.data() + static_cast<std::size_t>(row) * n_taps_;
        double sum = 0.0;
        for (int k = 0; k < 2 * reach_; ++k) {
            const double distance = reach_ - k - phase, x = distance / reach_;
            const double window = bessel_i0(kaiser_beta * std::sqrt(std::max(0.0, 1.0 - x * x)));
            taps[n_taps_ - 1 - k] = static_cast<float>(sinc(roll_off * cutoff * distance) * window);
            sum += taps[n_taps_ - 1 - k];
        }
        for (int k = 0; k < n_taps_; ++k) taps[k] = static_cast<float>(taps[k] / sum);
    }
    history_.resize(static_cast<std::size_t>(2 * n_taps_));
    first_due_ = in_time ? reach_ : 0;
    reset();
}

void Resampler::reset() noexcept {
    std::fill(history_.begin(), history_.end(), 0.0f);
    due_ = first_due_;
    phase_ = n_pushed_ = 0;
    at_ = 0;
}

void Resampler::push(float input) noexcept {
    history_[static_cast<std::size_t>(at_)] = input;
    history_[static_cast<std::size_t>(at_ + n_taps_)] = input;
    at_ = (at_ + 1) % n_taps_;
    ++n_pushed_;
}

float Resampler::read(int row) const noexcept {
    return kernels().dot(rows_.data() + static_cast<std::size_t>(row) * n_taps_,
                         history_.data() + at_, n_taps_);
}

float Resampler::next() noexcept {
    float value;
    if (exact_) {
        value = read(static_cast<int>(phase_));
    } else {
        const double place = static_cast<double>(phase_) * most_rows / static_cast<double>(parts_);
        const int row = static_cast<int>(place);
        const float before = read(row), after = read(row + 1);
        value = before + (after - before) * static_cast<float>(place - row);
    }
    due_ += whole_;
    phase_ += part_;
    if (phase_ >= parts_) {
        phase_ -= parts_;
        ++due_;
    }
    // Counts stay small, however long it plays.
    n_pushed_ -= due_ > (std::int64_t{1} << 40) ? due_ : 0;
    due_ -= due_ > (std::int64_t{1} << 40) ? due_ : 0;
    return value;
}

}  // namespace ddsp
