// What an instrument file holds, laid out as the audio thread reads it.
#pragma once

#include <string>
#include <vector>

#include "aligned.hpp"

namespace ddsp {

// A matrix in panels of 32 columns, see `Kernels::multiply`, and what is added to its product.
struct Dense {
    int n_in = 0, n_out = 0;
    Floats panels, bias;  // the bias has a number for each column, those that only pad too
    int n_panels() const noexcept { return (n_out + 31) / 32; }
    int n_padded() const noexcept { return 32 * n_panels(); }
};

// Dense, layer normalisation, leaky ReLU.
struct NormalLayer {
    Dense dense;
    Floats gain, offset;
};
using Stack = std::vector<NormalLayer>;

// A layer that remembers: a GRU, a minimal GRU, or a dilated convolution.
struct Recurrence {
    Dense input;
    Dense state;           // of a GRU
    Floats gain, offset;   // of the normalisation behind the others
    int dilation = 0;      // of a convolution, in frames
};

enum class NetworkKind { gru, min_gru, convolutions };

struct Network {
    NetworkKind kind = NetworkKind::gru;
    std::vector<bool> reads_pitch;  // for each input; the others read loudness
    std::vector<Stack> inputs;
    Dense entry;                    // in front of convolutions
    std::vector<Recurrence> recurrences;
    Stack output;
    Dense controls;
    int n_cosines = 0, n_channels = 0, n_units = 0, kernel_size = 0;
    int n_joined = 0;    // outputs of the inputs' stacks, side by side
    int amplitude_at = 0, distribution_at = 0, noise_at = -1;  // among the controls
    // Frames before its own that a convolution reads.
    int past(const Recurrence& layer) const noexcept { return (kernel_size - 1) * layer.dilation; }
    // Numbers that the recurrences add to what the output's stack reads.
    int n_recurrent() const noexcept {
        return kind == NetworkKind::convolutions ? n_units
                                                 : n_units * static_cast<int>(recurrences.size());
    }
    // Of a convolution: a ring of frames, and which of them is the oldest.
    int n_state() const noexcept {
        if (kind != NetworkKind::convolutions) return n_recurrent();
        int total = 0;
        for (const Recurrence& layer : recurrences) total += past(layer) * n_units + 1;
        return total;
    }
};

struct Synthesis {
    int n_harmonics = 0;
    bool window_crossfade = true, scale_harmonics = true, mute_above_nyquist = true;
    int n_bands = 0, window_length = 0;  // of the noise; no bands: no noise
    unsigned seed = 0;
    bool scale_noise = true;
    float noise_bias = 0.0f;
    bool add_dry = true;
    Floats room;                         // taps; none: no room
};

// Beyond these the network reads the end of a range; see docs/contract.md.
struct ReadRange {
    bool known = false;
    float lowest_midi = 0.0f, highest_midi = 0.0f, softest_db = 0.0f, loudest_db = 0.0f;
};

struct Convolution {
    int n_taps = 0, n_in = 0, n_out = 0, n_positions = 0;
    Floats kernel;             // [n_taps][n_in][n_out]
    Floats bias;               // [n_positions][n_out]
    std::vector<bool> least;   // outputs of which pooling takes the least; none: the largest
};

struct TrackerWeights {
    std::vector<Convolution> layers;
    Dense classifier;
};

enum class LoudnessKind { a_weighted, rms, magenta };

struct InstrumentData {
    std::string facts, title, licence;
    int sample_rate = 0, hop_length = 0;
    bool has_ranges = false;
    float f0_hz_range[2] = {}, loudness_db_range[2] = {};
    std::vector<float> loudness_quantiles;  // at 0, 1, ... 100%; none: not known
    float usual_f0_hz = 220.0f;
    ReadRange read_range;
    LoudnessKind loudness_kind = LoudnessKind::a_weighted;
    int loudness_length = 0;
    bool f0_refined = false;
    Network network;
    Synthesis synthesis;
    TrackerWeights tracker;
};

}  // namespace ddsp
