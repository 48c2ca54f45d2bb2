// Keeps the sound that came in until the instrument's is as late, and mixes the two without a click.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

class DryLine {
public:
    static constexpr int n_channels = 2;

    void prepare(double sample_rate) {
        samples_.assign(static_cast<std::size_t>(longest_s * sample_rate) * n_channels, 0.0f);
        step_ = 1.0f - std::exp(-1.0f / (glide_s * static_cast<float>(sample_rate)));
        at_ = 0;
        share_ = -1.0f;  // the first block begins with what is wanted
    }

    // One sample: `left` and `right` become `share` of the instrument and the rest of what came in.
    void mix(float played, float share, int late, float& left, float& right) noexcept {
        if (share_ < 0.0f) share_ = share;
        share_ += step_ * (share - share_);
        if (std::fabs(share - share_) < 1e-4f) share_ = share;
        const std::size_t n = samples_.size() / n_channels;
        samples_[n_channels * at_] = left;
        samples_[n_channels * at_ + 1] = right;
        const std::size_t back = std::min(static_cast<std::size_t>(late), n - 1);
        const std::size_t from = at_ >= back ? at_ - back : at_ + n - back;
        left = share_ * played + (1.0f - share_) * samples_[n_channels * from];
        right = share_ * played + (1.0f - share_) * samples_[n_channels * from + 1];
        at_ = at_ + 1 == n ? 0 : at_ + 1;
    }

private:
    static constexpr double longest_s = 0.5;
    static constexpr float glide_s = 0.01f;

    std::vector<float> samples_;
    std::size_t at_ = 0;
    float step_ = 1.0f, share_ = -1.0f;
};
