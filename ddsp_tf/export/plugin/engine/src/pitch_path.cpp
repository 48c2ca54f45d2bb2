#include "pitch_path.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "kernels.hpp"

namespace ddsp {
namespace {

constexpr double lowest_cents = 1997.3794084376191;
constexpr float leap = 1e-5f, log_leap = -11.5129255f, salience_floor = 1e-3f, sure_enough = 0.4f, nowhere = -1e30f;
constexpr int centroid_reach = 4;

}  // namespace

PitchPath::PitchPath(float usual_f0_hz)
    : usual_octaves_(std::log2(static_cast<double>(usual_f0_hz))),
      belief_(static_cast<std::size_t>(n_bins + 2 * (band - 1) + 8)),
      scores_(n_bins),
      row_sums_(n_bins) {
    for (int i = 0; i < 2 * band - 1; ++i) {
        weights_[i] = static_cast<float>(std::log(static_cast<double>(band - std::abs(i - band + 1))));
    }
    for (int from = 0; from < n_bins; ++from) {
        double sum = 0.0;
        for (int to = 0; to < n_bins; ++to) {
            sum += std::max(static_cast<double>(band - std::abs(to - from)), static_cast<double>(leap));
        }
        row_sums_[static_cast<std::size_t>(from)] = static_cast<float>(std::log(sum));
    }
    reset();
}

void PitchPath::reset() noexcept {
    std::fill(belief_.begin(), belief_.end(), nowhere);
    std::fill(belief_.begin() + band - 1, belief_.begin() + band - 1 + n_bins, 0.0f);
    sure_[0] = usual_octaves_;
    n_sure_ = 1;
}

int PitchPath::strongest_bin(const float* salience) noexcept {
    kernels().max_plus(belief_.data(), weights_, 2 * band - 1, scores_.data(), n_bins);
    float largest = nowhere;
    int strongest = 0;
    for (int bin = 0; bin < n_bins; ++bin) {
        const std::size_t at = static_cast<std::size_t>(bin);
        const float seen = 0.5f * std::log(std::max(salience[bin], salience_floor));
        scores_[at] = std::max(scores_[at], log_leap) + seen - row_sums_[at];
        if (scores_[at] > largest) {
            largest = scores_[at];
            strongest = bin;
        }
    }
    for (int bin = 0; bin < n_bins; ++bin) {
        belief_[static_cast<std::size_t>(bin + band - 1)] =
            scores_[static_cast<std::size_t>(bin)] - largest;
    }
    return strongest;
}

TrackedPitch PitchPath::advance(const float* salience) noexcept {
    const int bin = strongest_bin(salience);
    float sum = 0.0f, moment = 0.0f, confidence = 0.0f;
    for (int i = std::max(0, bin - centroid_reach); i <= std::min(n_bins - 1, bin + centroid_reach); ++i) {
        sum += salience[i];
        moment += salience[i] * static_cast<float>(i - bin);
        confidence = std::max(confidence, salience[i]);
    }
    const double cents = (bin + static_cast<double>(moment) / std::max(sum, 1e-9f)) * 20.0 + lowest_cents;
    double octaves = std::log2(10.0) + cents / 1200.0;
    if (confidence >= sure_enough) {
        if (n_sure_ == n_held) std::copy(sure_ + 1, sure_ + n_held, sure_);
        n_sure_ = std::min(n_sure_ + 1, n_held);
        sure_[n_sure_ - 1] = octaves;
    } else {
        octaves = held();
    }
    return {octaves, confidence};
}

// The median of the last sure pitches: the last frames of a note are half silence.
double PitchPath::held() const noexcept {
    double sorted[n_held] = {};
    for (int i = 0; i < n_sure_; ++i) {
        int place = i;
        for (; place > 0 && sorted[place - 1] > sure_[i]; --place) sorted[place] = sorted[place - 1];
        sorted[place] = sure_[i];
    }
    const int middle = n_sure_ / 2;
    return n_sure_ % 2 ? sorted[middle] : 0.5 * (sorted[middle - 1] + sorted[middle]);
}

}  // namespace ddsp
