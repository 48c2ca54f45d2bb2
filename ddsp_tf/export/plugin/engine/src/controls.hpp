// What a frame plays, and the scalings on the way there; docs/contract.md.
#pragma once

#include "instrument_data.hpp"

namespace ddsp {

struct Controls {
    float f0_hz = 0.0f, amplitude = 0.0f;
    Floats distribution, magnitudes;  // the magnitudes are padded by zeros to a multiple of 16
    explicit Controls(const Synthesis& synthesis);
};

// The network's own numbers of a frame.
struct RawControls {
    const float *amplitude, *distribution, *magnitudes;
    float louder = 0.0f;  // added to amplitude and magnitudes
};

float scale_f0_hz(float f0_hz) noexcept;              // MIDI note / 127
float scale_loudness_db(float loudness_db) noexcept;  // dB / 80 + 1
float exp_sigmoid(float x) noexcept;

// Makes them what the synthesiser plays, at the pitch that `controls` has.
void finish(const RawControls& raw, const InstrumentData& data, Controls& controls) noexcept;

}  // namespace ddsp
