#include "limiter.hpp"

#include <algorithm>
#include <cmath>

#include "pi.hpp"

namespace ddsp {
namespace {

constexpr double ceiling_db = -1.0, ceiling = 0.8912509381337456, look_ahead_s = 0.005, release_db_per_s = 40.0;

}  // namespace

Limiter::Limiter(double sample_rate)
    : late_(std::max(1, static_cast<int>(std::lround(look_ahead_s * sample_rate)))),
      rise_db_(release_db_per_s / sample_rate),
      window_(static_cast<std::size_t>(late_ + 1)),
      released_(window_.size()),
      audio_(static_cast<std::size_t>(late_)),
      least_db_(window_.size() + 1),
      least_at_(least_db_.size()) {
    double sum = 0.0;
    for (int i = 0; i <= late_; ++i) {
        const double value = 0.5 - 0.5 * std::cos(2.0 * pi * (i + 1) / (late_ + 2));
        window_[static_cast<std::size_t>(i)] = value;
        sum += value;
    }
    for (double& value : window_) value /= sum;
}

void Limiter::reset() noexcept {
    std::fill(released_.begin(), released_.end(), 0.0);
    std::fill(audio_.begin(), audio_.end(), 0.0f);
    n_reducing_ = at_ = first_ = n_least_ = 0;
    n_ = 0;
    released_db_ = 0.0;
}

double Limiter::held_db(double needed_db) noexcept {
    const int size = static_cast<int>(least_db_.size());
    const auto slot = [size, this](int i) { return static_cast<std::size_t>((first_ + i) % size); };
    while (n_least_ > 0 && least_db_[slot(n_least_ - 1)] >= needed_db) --n_least_;
    least_db_[slot(n_least_)] = needed_db;
    least_at_[slot(n_least_)] = n_;
    ++n_least_;
    if (least_at_[slot(0)] < n_ - late_) {
        first_ = (first_ + 1) % size;
        --n_least_;
    }
    return least_db_[slot(0)];
}

float Limiter::process(float x) noexcept {
    const double level = std::fabs(static_cast<double>(x));
    const double needed = level > ceiling ? ceiling_db - 20.0 * std::log10(level) : 0.0;
    released_db_ = std::min(std::min(released_db_ + rise_db_, 0.0), held_db(needed));
    ++n_;
    // The place of the oldest gain, which goes.
    const std::size_t gain_at = static_cast<std::size_t>(n_ % (late_ + 1));
    n_reducing_ += (released_db_ < 0.0) - (released_[gain_at] < 0.0);
    released_[gain_at] = released_db_;
    const float given = audio_[static_cast<std::size_t>(at_)];
    audio_[static_cast<std::size_t>(at_)] = x;
    at_ = at_ + 1 == late_ ? 0 : at_ + 1;
    if (n_reducing_ == 0) return given;
    double gain_db = 0.0;
    std::size_t from = gain_at + 1;
    for (int i = 0; i <= late_; ++i, ++from) {
        if (from > static_cast<std::size_t>(late_)) from = 0;
        gain_db += window_[static_cast<std::size_t>(i)] * released_[from];
    }
    if (!(gain_db < 0.0)) return given;
    const double limited = given * std::pow(10.0, gain_db / 20.0);
    return static_cast<float>(std::min(std::max(limited, -ceiling), ceiling));
}

}  // namespace ddsp
