// Oscillators and noise of one voice: frames of controls in, hops of dry sound out.
#pragma once

#include <vector>

#include "filtered_noise.hpp"
#include "harmonic.hpp"

namespace ddsp {

class Synthesizer {
public:
    Synthesizer(const InstrumentData& data, unsigned row);

    // Frames that have to be there after the one whose hop is played.
    int lookahead() const noexcept { return lookahead_; }
    void reset() noexcept;

    // Where the next frame is to be written, before `push` is called.
    Controls& next() noexcept { return frames_[static_cast<std::size_t>(newest_)]; }
    // Takes the frame in; `gain` is what the dry sound is multiplied by there.
    void push(float gain) noexcept;
    // Adds the hop that is `lookahead` frames old; nothing, while there is none yet.
    void add(float noise, float noise_at_end, float* audio) noexcept;

private:
    int hop_, lookahead_, newest_ = 0;
    long n_frames_ = 0;
    bool has_noise_;
    Harmonic harmonic_;
    FilteredNoise noise_;
    std::vector<Controls> frames_;
    std::vector<float> gains_;
    Floats audio_;
};

}  // namespace ddsp
