#include "low_notes.hpp"

#include <algorithm>
#include <cmath>

#include "kernels.hpp"
#include "windowed_sinc.hpp"

namespace ddsp {
namespace {

constexpr int frame_length = 1024, decimation = 4, n_low_pass = 65, n_low = 240, n_lags = 136;
constexpr int n_zero_crossings = 8, spectrum_length = 256, n_partials = 36, n_bins_heard = 360;
constexpr double low_rate = 4000.0, lowest_cents = 1997.3794084376191, step_cents = 10.0;
constexpr double highest_hz = 400.0, highest_harmonic_hz = 1000.0, highest_partial_hz = 1150.0;
constexpr float least_power = 1e-10f;

int steps_above_lowest(double hz) {
    return static_cast<int>(std::ceil((1200.0 * std::log2(hz / 10.0) - lowest_cents) / step_cents));
}

float rise(float x, float low, float high) noexcept {
    return std::min(std::max((x - low) / (high - low), 0.0f), 1.0f);
}

}  // namespace

LowNotes::LowNotes()
    : n_steps_(steps_above_lowest(highest_harmonic_hz)),
      n_candidates_(steps_above_lowest(highest_hz)),
      n_bins_(static_cast<int>(highest_partial_hz * spectrum_length / low_rate) + 1),
      low_pass_(80),
      low_(256),
      squares_(256),
      aperiodicity_(static_cast<std::size_t>(n_steps_)),
      nearest_(static_cast<std::size_t>(n_steps_ - 1)),
      power_(static_cast<std::size_t>(n_bins_)) {
    double sum = 0.0;
    std::vector<double> taps;
    for (int i = 0; i < n_low_pass; ++i) {
        const double x = 2.0 * i / (n_low_pass - 1) - 1.0;
        const double window = bessel_i0(6.0 * std::sqrt(1.0 - x * x)) / bessel_i0(6.0);
        taps.push_back(sinc(0.125 * (i - n_low_pass / 2)) * window);
        sum += taps.back();
    }
    for (int i = 0; i < n_low_pass; ++i) {
        low_pass_[static_cast<std::size_t>(i)] = static_cast<float>(taps[static_cast<std::size_t>(i)] / sum);
    }
    at_periods_.resize(static_cast<std::size_t>(n_steps_) * rounded_up(n_lags, 16));
    for (int step = 0; step < n_steps_; ++step) {
        const double hz = 10.0 * std::exp2((lowest_cents + step_cents * step) / 1200.0);
        if (step < n_candidates_) {
            const double fade = std::log2(highest_hz / hz) / std::log2(highest_hz / 350.0);
            fade_.push_back(static_cast<float>(std::min(std::max(fade, 0.0), 1.0)));
        }
        // Windowed sincs that read at lags between whole ones; lag -1 equals lag 1.
        std::vector<double> row(n_lags);
        for (int whole = -n_zero_crossings; whole < n_lags; ++whole) {
            const double distance = low_rate / hz - whole;
            if (std::fabs(distance) >= n_zero_crossings) continue;
            const double window = std::cos(0.5 * pi * distance / n_zero_crossings);
            row[static_cast<std::size_t>(std::abs(whole))] += sinc(distance) * window * window;
        }
        for (int lag = 0; lag < n_lags; ++lag) {
            at_periods_[static_cast<std::size_t>(step) * rounded_up(n_lags, 16) + lag] =
                static_cast<float>(row[static_cast<std::size_t>(lag)]);
        }
    }
    // Of each bin the real and the imaginary row, under a Hann window.
    spectrum_.resize(static_cast<std::size_t>(2 * n_bins_) * n_low);
    for (int bin = 0; bin < n_bins_; ++bin) {
        for (int i = 0; i < n_low; ++i) {
            const double sine = std::sin(pi * (i + 1) / (n_low + 1));
            const double angle = 2.0 * pi / spectrum_length * i * bin;
            const std::size_t at = static_cast<std::size_t>(2 * bin) * n_low + i;
            spectrum_[at] = static_cast<float>(sine * sine * std::cos(angle));
            spectrum_[at + n_low] = static_cast<float>(sine * sine * std::sin(angle));
        }
    }
    for (const int prime : {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31}) {
        prime_steps_.push_back(
            static_cast<int>(std::nearbyint(1200.0 * std::log2(prime) / step_cents)) - 1);
    }
    for (int m = 2; m < 9; ++m) {
        for (int n = m; n < 10; ++n) {
            std::vector<bool> outside;
            for (int k = 1; k <= n_partials; ++k) outside.push_back(k % m != 0 && k % n != 0);
            outside_.push_back(outside);
        }
    }
}

void LowNotes::correct(const float* frame, float power, float* salience) noexcept {
    decimate(frame);
    float sum = 0.0f;
    for (int i = 0; i < n_low; ++i) sum += squares_[static_cast<std::size_t>(i)];
    const float share = sum / n_low / std::max(power, least_power);
    set_aperiodicity();
    Candidate best = best_candidate();
    const float own = own_share(best.cents) / (best.aperiodicity + 0.001f);
    best.certainty *= rise(share, 0.1f, 0.25f) * rise(own, 2.0f, 5.0f);
    const float confidence = 0.85f * best.certainty * (1.0f - best.aperiodicity);
    float near[n_bins_heard], square[n_bins_heard], heard = 0.0f;
    for (int bin = 0; bin < n_bins_heard; ++bin) {
        const float distance = static_cast<float>(lowest_cents + 20.0 * bin) - best.cents;
        square[bin] = -0.5f * distance * distance;
        near[bin] = std::exp(square[bin] / 3600.0f);
        heard = std::max(heard, salience[bin] * near[bin]);
    }
    const float raised = std::max(confidence / std::max(heard, 1e-3f), 1.0f) - 1.0f;
    const float agrees = rise(heard, 0.15f, 0.3f);
    for (int bin = 0; bin < n_bins_heard; ++bin) {
        const float own_salience =
            salience[bin] * (1.0f + agrees * raised * near[bin] - best.certainty * (1.0f - near[bin]));
        const float note = (1.0f - agrees) * confidence * std::exp(square[bin] / 625.0f);
        salience[bin] = std::min(std::max(own_salience, note), 1.0f);
    }
}

// The sound below 1 kHz at 4 kHz, where the filter has all its samples, less its mean.
void LowNotes::decimate(const float* frame) noexcept {
    float part[80] = {}, mean = 0.0f;
    for (int i = 0; i < n_low; ++i) {
        std::copy(frame + decimation * i, frame + decimation * i + n_low_pass, part);
        low_[static_cast<std::size_t>(i)] = kernels().dot(part, low_pass_.data(), 80);
        mean += low_[static_cast<std::size_t>(i)];
    }
    mean /= n_low;
    for (int i = 0; i < n_low; ++i) {
        low_[static_cast<std::size_t>(i)] -= mean;
        squares_[static_cast<std::size_t>(i)] =
            low_[static_cast<std::size_t>(i)] * low_[static_cast<std::size_t>(i)];
    }
}

// How little the sound is like itself after the period of each step.
void LowNotes::set_aperiodicity() noexcept {
    constexpr int n_padded = (n_lags + 15) / 16 * 16;
    float likeness[n_padded] = {}, delayed[n_low];
    double head = 0.0, tail = 0.0;
    for (int i = 0; i < n_low; ++i) head += squares_[static_cast<std::size_t>(i)];
    tail = head;
    for (int lag = 0; lag < n_lags; ++lag) {
        std::fill(delayed, delayed + n_low, 0.0f);
        std::copy(low_.begin() + lag, low_.begin() + n_low, delayed);
        const float products = kernels().dot(low_.data(), delayed, n_low);
        likeness[lag] = 2.0f * products / std::max(static_cast<float>(head + tail), least_power);
        head -= squares_[static_cast<std::size_t>(n_low - 1 - lag)];
        tail -= squares_[static_cast<std::size_t>(lag)];
    }
    for (int step = 0; step < n_steps_; ++step) {
        const float* row = at_periods_.data() + static_cast<std::size_t>(step) * n_padded;
        aperiodicity_[static_cast<std::size_t>(step)] = 1.0f - kernels().dot(likeness, row, n_padded);
    }
    for (int step = 0; step + 1 < n_steps_; ++step) {
        const std::size_t at = static_cast<std::size_t>(step);
        nearest_[at] = std::min(aperiodicity_[at], aperiodicity_[at + 1]);
        if (step + 2 < n_steps_) nearest_[at] = std::min(nearest_[at], aperiodicity_[at + 2]);
    }
}

// The least aperiodicity at a prime multiple of a candidate's frequency.
float LowNotes::best_multiple(int candidate) const noexcept {
    float best = 2.0f;
    for (const int first : prime_steps_) {
        if (first + candidate < n_steps_ - 1) {
            best = std::min(best, nearest_[static_cast<std::size_t>(first + candidate)]);
        }
    }
    return best;
}

LowNotes::Candidate LowNotes::best_candidate() noexcept {
    float best_score = -1.0f, best_certainty = 0.0f;
    int best = 0;
    for (int i = 0; i < n_candidates_; ++i) {
        const std::size_t at = static_cast<std::size_t>(i);
        const float found = aperiodicity_[at], below = i ? aperiodicity_[at - 1] : -2.0f;
        const bool valley = found <= below && found <= aperiodicity_[at + 1];
        float certainty = 0.0f;
        if (valley) {
            const float multiples = best_multiple(i);
            certainty = rise(1.0f - found, 0.8f, 0.92f) * fade_[at] *
                        rise((multiples - found) / (multiples + 0.02f), 0.5f, 0.7f);
        }
        const float score = certainty * (1.0f - found);
        if (score > best_score) {
            best_score = score;
            best_certainty = certainty;
            best = i;
        }
    }
    const std::size_t at = static_cast<std::size_t>(best);
    const float left = best ? aperiodicity_[at - 1] : -2.0f, middle = aperiodicity_[at];
    const float right = aperiodicity_[at + 1];
    const float offset = 0.5f * (left - right) / std::max(left + right - 2.0f * middle, 1e-6f);
    const float steps = static_cast<float>(best) + std::min(std::max(offset, -0.5f), 0.5f);
    return {best_certainty, middle,
            static_cast<float>(lowest_cents) + static_cast<float>(step_cents) * steps};
}

// Share of the power in partials that no two higher notes have.
float LowNotes::own_share(float cents) noexcept {
    float total = 0.0f;
    for (int bin = 0; bin < n_bins_; ++bin) {
        const float* row = spectrum_.data() + static_cast<std::size_t>(2 * bin) * n_low;
        const float re = kernels().dot(low_.data(), row, n_low);
        const float im = kernels().dot(low_.data(), row + n_low, n_low);
        power_[static_cast<std::size_t>(bin)] = re * re + im * im;
        total += power_[static_cast<std::size_t>(bin)];
    }
    const float f0_hz = 10.0f * std::exp(cents * static_cast<float>(std::log(2.0) / 1200.0));
    const float hidden = std::min(static_cast<float>(2.0 * low_rate / n_low) / f0_hz, 0.7f);
    const float reach = std::min(1.0f - hidden, 0.5f);
    float partials[n_partials] = {};
    for (int bin = 0; bin < n_bins_; ++bin) {
        const float ratio = static_cast<float>(bin * (low_rate / spectrum_length)) / f0_hz;
        for (int k = 0; k < n_partials; ++k) {
            if (std::fabs(ratio - static_cast<float>(k + 1)) <= reach) {
                partials[k] += power_[static_cast<std::size_t>(bin)];
            }
        }
    }
    // Partials far below the strongest one may be hum.
    const int strongest = static_cast<int>(std::max_element(partials, partials + n_partials) - partials) + 1;
    for (int k = 1; k <= n_partials; ++k) {
        if (4 * k < strongest) partials[k - 1] = 0.0f;
    }
    float own = -1.0f;
    for (const std::vector<bool>& outside : outside_) {
        float sum = 0.0f;
        for (int k = 0; k < n_partials; ++k) sum += outside[static_cast<std::size_t>(k)] ? partials[k] : 0.0f;
        own = own < 0.0f ? sum : std::min(own, sum);
    }
    return own / std::max(total, least_power);
}

}  // namespace ddsp
