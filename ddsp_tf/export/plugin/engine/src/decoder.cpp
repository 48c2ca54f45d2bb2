#include "decoder.hpp"

#include <algorithm>
#include <cmath>

#include "kernels.hpp"
#include "pi.hpp"

namespace ddsp {
namespace {

constexpr float epsilon = 1e-3f, slope = 0.2f, db_per_unit = 20.0f;

void normalize(float* x, const Floats& gain, const Floats& offset) noexcept {
    const int n = static_cast<int>(gain.size());
    float mean = 0.0f, variance = 0.0f;
    for (int i = 0; i < n; ++i) mean += x[i];
    mean /= static_cast<float>(n);
    for (int i = 0; i < n; ++i) variance += (x[i] - mean) * (x[i] - mean);
    const float scale = 1.0f / std::sqrt(variance / static_cast<float>(n) + epsilon);
    for (int i = 0; i < n; ++i) {
        const float y = (x[i] - mean) * scale * gain[i] + offset[i];
        x[i] = y > 0.0f ? y : slope * y;
    }
}

int width(const Dense& layer) { return layer.n_padded(); }

}  // namespace

Decoder::Decoder(const InstrumentData& data) : data_(data) {
    const Network& network = data.network;
    int n_hidden = rounded_up(network.n_channels, 32), n_gates = width(network.entry);
    for (const Recurrence& layer : network.recurrences) {
        n_gates = std::max({n_gates, width(layer.input), width(layer.state)});
        if (network.kind == NetworkKind::convolutions) n_gates = std::max(n_gates, layer.input.n_in);
    }
    // Beyond what is read there is room for columns that only pad.
    const int n_joined =
        rounded_up(network.n_joined + network.n_recurrent(), 32) + std::max(n_hidden, 32);
    const int sizes[] = {rounded_up(1 + network.n_cosines, 32), n_joined, n_hidden, n_hidden,
                         n_gates, n_gates, width(network.controls)};
    int total = 0;
    for (const int size : sizes) total += rounded_up(size, 32);
    memory_.resize(static_cast<std::size_t>(total) * most_vectors);
    float* at = memory_.data();
    float** const places[] = {inputs_, joined_, first_, second_, gates_, state_gates_, controls_};
    for (int part = 0; part < 7; ++part) {
        for (int v = 0; v < most_vectors; ++v, at += rounded_up(sizes[part], 32)) {
            places[part][v] = at;
        }
    }
}

void Decoder::dense(const Dense& layer, const float* const* x, Vectors y, int n) noexcept {
    for (int v = 0; v < n; ++v) std::copy(layer.bias.begin(), layer.bias.end(), y[v]);
    kernels().multiply(layer.panels.data(), layer.n_in, layer.n_panels(), x, y, n);
}

// Gives the vectors that hold the result: `out`, if there is one and there are layers.
const float* const* Decoder::run_stack(const Stack& stack, const float* const* x, Vectors out,
                                       int n) noexcept {
    for (std::size_t i = 0; i < stack.size(); ++i) {
        Vectors other = x == first_ ? second_ : first_;
        Vectors y = out && i + 1 == stack.size() ? out : other;
        dense(stack[i].dense, x, y, n);
        for (int v = 0; v < n; ++v) normalize(y[v], stack[i].gain, stack[i].offset);
        x = y;
    }
    return x;
}

// What the network reads in place of a pitch or level beyond its training, docs/contract.md; gives
// by how much the sound is to be louder, in units of the controls.
float Decoder::read_inputs(float f0_hz, float loudness_db, float& f0_scaled,
                           float& loudness_scaled) const noexcept {
    f0_scaled = scale_f0_hz(f0_hz);
    loudness_scaled = scale_loudness_db(loudness_db);
    const ReadRange& range = data_.read_range;
    if (!range.known) return 0.0f;
    const float known =
        std::min(std::max(f0_scaled, range.lowest_midi / 127.0f), range.highest_midi / 127.0f);
    const float margin = 3.0f / 127.0f, beyond = (f0_scaled - known) / margin;
    f0_scaled = known + margin * (std::exp(std::min(beyond, 0.0f)) -
                                  std::exp(std::min(-beyond, 0.0f)));
    bool reads_loudness = false;
    for (const bool pitch : data_.network.reads_pitch) reads_loudness |= !pitch;
    if (!reads_loudness) return 0.0f;
    const float softest = scale_loudness_db(range.softest_db);
    const float loudest = scale_loudness_db(range.loudest_db);
    const float read = std::min(std::max(loudness_scaled, softest), loudest);
    const float nothing = std::min(loudness_scaled - 0.25f, 0.0f);
    const float beyond_db = (loudness_scaled - read + 2.5f * nothing) * 80.0f;
    loudness_scaled = read;
    return beyond_db / db_per_unit;
}

void Decoder::step(float* const* states, const float* f0_hz, const float* loudness_db,
                   Controls* const* controls, int n) noexcept {
    const Network& network = data_.network;
    float louder[most_vectors], scaled[2][most_vectors];
    for (int v = 0; v < n; ++v) {
        louder[v] = read_inputs(f0_hz[v], loudness_db[v], scaled[1][v], scaled[0][v]);
    }
    int at = 0;
    for (std::size_t i = 0; i < network.inputs.size(); ++i) {
        float* places[most_vectors];
        const float* read[most_vectors];
        const Stack& stack = network.inputs[i];
        for (int v = 0; v < n; ++v) {
            float* x = stack.empty() ? joined_[v] + at : inputs_[v];
            const float value = scaled[network.reads_pitch[i] ? 1 : 0][v];
            x[0] = value;
            for (int k = 1; k <= network.n_cosines; ++k) {
                x[k] = std::cos(static_cast<float>(pi * k) * value);
            }
            read[v] = x;
            places[v] = joined_[v] + at;
        }
        run_stack(stack, read, places, n);
        at += stack.empty() ? 1 + network.n_cosines : network.n_channels;
    }
    if (network.kind == NetworkKind::gru) recur_gru(states, n);
    else if (network.kind == NetworkKind::min_gru) recur_min_gru(states, n);
    else convolve(states, n);
    dense(network.controls, run_stack(network.output, joined_, nullptr, n), controls_, n);
    for (int v = 0; v < n; ++v) {
        const float* raw = controls_[v];
        const float* magnitudes = network.noise_at < 0 ? nullptr : raw + network.noise_at;
        controls[v]->f0_hz = f0_hz[v];
        finish({raw + network.amplitude_at, raw + network.distribution_at, magnitudes, louder[v]},
               data_, *controls[v]);
    }
}

void Decoder::recur_gru(float* const* states, int n) noexcept {
    const Network& network = data_.network;
    const Recurrence& layer = network.recurrences[0];
    const int units = network.n_units;
    dense(layer.input, joined_, gates_, n);
    dense(layer.state, states, state_gates_, n);
    for (int v = 0; v < n; ++v) {
        float *update = gates_[v], *reset = update + units, *candidate = reset + units;
        const float *from_state = state_gates_[v], *to_candidate = from_state + 2 * units;
        float *state = states[v], *read = joined_[v] + network.n_joined;
        for (int i = 0; i < 2 * units; ++i) update[i] += from_state[i];
        kernels().sigmoid(update, 2 * units);
        for (int i = 0; i < units; ++i) candidate[i] += reset[i] * to_candidate[i];
        kernels().tanh(candidate, units);
        for (int i = 0; i < units; ++i) {
            state[i] = candidate[i] + update[i] * (state[i] - candidate[i]);
            read[i] = state[i];
        }
    }
}

void Decoder::recur_min_gru(float* const* states, int n) noexcept {
    const Network& network = data_.network;
    const int units = network.n_units;
    const float* x[most_vectors];
    for (int v = 0; v < n; ++v) x[v] = joined_[v];
    for (std::size_t layer = 0; layer < network.recurrences.size(); ++layer) {
        const Recurrence& weights = network.recurrences[layer];
        dense(weights.input, x, gates_, n);
        const std::size_t at = layer * static_cast<std::size_t>(units);
        for (int v = 0; v < n; ++v) {
            float *update = gates_[v], *candidate = update + units, *state = states[v] + at;
            float* read = joined_[v] + network.n_joined + at;
            kernels().sigmoid(update, units);
            for (int i = 0; i < units; ++i) {
                state[i] += update[i] * (candidate[i] - state[i]);
                read[i] = state[i];
            }
            normalize(read, weights.gain, weights.offset);
            x[v] = read;
        }
    }
}

void Decoder::convolve(float* const* states, int n) noexcept {
    const Network& network = data_.network;
    const int units = network.n_units, n_past = network.kernel_size - 1;
    float* hidden[most_vectors];
    for (int v = 0; v < n; ++v) hidden[v] = joined_[v] + network.n_joined;
    dense(network.entry, joined_, hidden, n);
    std::size_t at = 0;
    for (const Recurrence& layer : network.recurrences) {
        const int past = network.past(layer);
        for (int v = 0; v < n; ++v) {
            // All of a state are floats, which are zero after a reset; these hold a small integer.
            float& oldest = states[v][at];
            float *ring = &oldest + 1, *taps = gates_[v];
            for (int tap = 0; tap < n_past; ++tap, taps += units) {
                const int frame = (static_cast<int>(oldest) + tap * layer.dilation) % past;
                std::copy_n(ring + static_cast<std::size_t>(frame) * units, units, taps);
            }
            std::copy_n(hidden[v], units, taps);
            if (past == 0) continue;
            std::copy_n(hidden[v], units, ring + static_cast<std::size_t>(oldest) * units);
            oldest = static_cast<float>((static_cast<int>(oldest) + 1) % past);
        }
        dense(layer.input, gates_, state_gates_, n);
        for (int v = 0; v < n; ++v) {
            normalize(state_gates_[v], layer.gain, layer.offset);
            for (int i = 0; i < units; ++i) hidden[v][i] += state_gates_[v][i];
        }
        at += static_cast<std::size_t>(past) * units + 1;
    }
}

}  // namespace ddsp
