// Turns down peaks that would clip, and only them, as `ddsp_tf.audio.PeakLimiter` does.
#pragma once

#include <cstdint>
#include <vector>

#include "aligned.hpp"

namespace ddsp {

class Limiter {
public:
    explicit Limiter(double sample_rate);

    int latency_samples() const noexcept { return late_; }
    void reset() noexcept;
    float process(float x) noexcept;

private:
    int late_, n_reducing_ = 0, at_ = 0;
    std::int64_t n_ = 0;
    double rise_db_, released_db_ = 0.0;
    std::vector<double> window_, released_;  // the last gains, a ring
    std::vector<float> audio_;
    // The least of the last needed gains: those that a later one may still leave as the least.
    std::vector<double> least_db_;
    std::vector<std::int64_t> least_at_;
    int first_ = 0, n_least_ = 0;

    double held_db(double needed_db) noexcept;
};

}  // namespace ddsp
