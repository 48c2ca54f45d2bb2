// CREPE's first convolution, whose sums overlapping frames share: each sample is multiplied once.
#pragma once

#include <cstdint>

#include "instrument_data.hpp"

namespace ddsp {

class FirstLayer {
public:
    static constexpr int frame_length = 1024, frame_step = 160, n_outputs = 256;
    // A frame waits for `n_ahead` samples after its middle, 512 or 192; zeros stand for the others.
    FirstLayer(const Convolution& layer, int n_ahead);

    void reset() noexcept;

    // Takes the next sample at 16 kHz. True: a frame is heard with it, and `read` gives that frame's.
    bool push(float sample) noexcept;
    const float* frame() const noexcept { return frame_.data(); }  // its samples

    // The outputs of a frame less its mean, divided by its deviation, ReLU, pooled by twos:
    // `[128][n_out]`.
    void read(float mean, float deviation, float* pooled) const noexcept;

private:
    static constexpr int n_kept = 512, n_edge = 64, n_snapshots = 8, pad = 12, longest_block = 96;

    void accumulate() noexcept;
    float* sums(std::int64_t output) noexcept {
        return sums_.data() + static_cast<std::size_t>(output & (n_kept - 1)) * n_out_;
    }
    const float* sums(std::int64_t output) const noexcept {
        return const_cast<FirstLayer*>(this)->sums(output);
    }

    const Convolution& layer_;
    int n_out_, n_heard_, n_block_ = 0;
    std::int64_t n_samples_ = 0, cleared_ = 0, frame_start_ = 0;
    // Output o of all sound reads samples 4o - 254 to 4o + 257. Its sums so far, a ring.
    Floats sums_;
    Floats edges_;      // of frames that begin: what their first outputs got from before them
    Floats tap_sums_;   // of the taps inside a frame, for each of its outputs
    Floats block_, samples_, frame_;
};

}  // namespace ddsp
