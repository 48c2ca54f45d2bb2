// The additive synthesiser, a hop at a time; "Harmonics" of docs/contract.md.
#pragma once

#include "decoder.hpp"

namespace ddsp {

class Harmonic {
public:
    explicit Harmonic(const InstrumentData& data);

    void reset() noexcept { turns_ = 0.0; }

    // Adds the hop that begins at one frame and glides towards the next.
    void add(const Controls& frame, const Controls& next, float* audio) noexcept;

private:
    int hop_, n_harmonics_, n_padded_;
    double sample_rate_, turns_ = 0.0;
    Floats weight_, sine_, cosine_, here_, slope_, sum_;
};

// The weight of the next frame at each sample between two.
Floats crossfade(int hop_length, bool window);

}  // namespace ddsp
