#include "crepe.hpp"

#include <algorithm>
#include <cmath>

#include "kernels.hpp"

namespace ddsp {

Crepe::Crepe(const TrackerWeights& weights, int n_ahead)
    : weights_(weights), first_(weights.layers[0], n_ahead), salience_(384) {
    std::size_t most = 0;
    for (std::size_t i = 1; i < weights.layers.size(); ++i) {
        const Convolution& layer = weights.layers[i];
        const int rows = rows_before + layer.n_positions + rows_after;
        inputs_.emplace_back(static_cast<std::size_t>(rows) * layer.n_in);
        most = std::max(most, static_cast<std::size_t>(layer.n_positions) * layer.n_out);
    }
    // The classifier's inputs need no rows around them.
    inputs_.emplace_back(static_cast<std::size_t>(weights.classifier.n_in));
    sums_.resize(most);
}

bool Crepe::push(float sample) noexcept {
    if (!first_.push(sample)) return false;
    const float* frame = first_.frame();
    constexpr int length = FirstLayer::frame_length;
    double mean = 0.0, power = 0.0;
    for (int i = 0; i < length; ++i) mean += frame[i];
    mean /= length;
    for (int i = 0; i < length; ++i) power += (frame[i] - mean) * (frame[i] - mean);
    power /= length;
    const float deviation = std::max(static_cast<float>(std::sqrt(power)), 1e-5f);
    float* to = inputs_[0].data() + rows_before * weights_.layers[1].n_in;
    first_.read(static_cast<float>(mean), deviation, to);
    for (int i = 1; i < static_cast<int>(weights_.layers.size()); ++i) convolve(i);
    const Dense& classifier = weights_.classifier;
    std::copy(classifier.bias.begin(), classifier.bias.end(), salience_.begin());
    const float* x = inputs_.back().data();
    float* y = salience_.data();
    kernels().multiply(classifier.panels.data(), classifier.n_in, classifier.n_panels(), &x, &y, 1);
    kernels().sigmoid(y, n_bins);
    low_notes_.correct(frame, static_cast<float>(power), y);
    return true;
}

// Convolution, ReLU, pooling by twos.
void Crepe::convolve(int index) noexcept {
    const Convolution& layer = weights_.layers[static_cast<std::size_t>(index)];
    const float* input = inputs_[static_cast<std::size_t>(index - 1)].data();
    const int n_in = layer.n_in, n_out = layer.n_out, n = layer.n_positions;
    std::copy(layer.bias.begin(), layer.bias.end(), sums_.begin());
    for (int row = 0; row < n; row += 4) {
        // Taps that meet any row of these four outputs that isn't zeros.
        const int from = std::max(0, rows_before - row - 3);
        const int to = std::min(layer.n_taps, n + rows_before - row);
        const float* x = input + static_cast<std::size_t>(row + from) * n_in;
        const float* w = layer.kernel.data() + static_cast<std::size_t>(from) * n_in * n_out;
        float* y = sums_.data() + static_cast<std::size_t>(row) * n_out;
        for (int o = 0; o < n_out; o += 16) {
            kernels().convolve_tile(w + o, n_out, (to - from) * n_in, x, n_in, y + o, n_out);
        }
    }
    const bool last = index + 1 == static_cast<int>(weights_.layers.size());
    float* to = inputs_[static_cast<std::size_t>(index)].data() + (last ? 0 : rows_before * n_out);
    for (int row = 0; row < n; row += 2, to += n_out) {
        const float* first = sums_.data() + static_cast<std::size_t>(row) * n_out;
        const float* second = first + n_out;
        for (int o = 0; o < n_out; ++o) {
            const bool least = !layer.least.empty() && layer.least[static_cast<std::size_t>(o)];
            const float pooled =
                least ? std::min(first[o], second[o]) : std::max(first[o], second[o]);
            to[o] = std::max(pooled, 0.0f);
        }
    }
}

}  // namespace ddsp
