// The subtractive synthesiser, a frame at a time; "Noise" of docs/contract.md.
#pragma once

#include <cstdint>

#include "fft.hpp"
#include "instrument_data.hpp"

namespace ddsp {

class FilteredNoise {
public:
    // `row`: each voice has noise of its own.
    FilteredNoise(const InstrumentData& data, unsigned row);

    // Frames that have to be there after the one whose hop is played.
    int lookahead() const noexcept { return 1 + reach_; }
    void reset() noexcept;

    // Takes the gains of the next frame.
    void push(const Floats& magnitudes) noexcept;  // padded as in `Controls`
    // Adds the hop that lies `lookahead` frames before the newest one.
    void add(float gain, float gain_at_end, float* audio) const noexcept;

private:
    float set_response(const float* magnitudes) noexcept;
    void multiply_spectra() noexcept;

    int hop_, half_, n_bands_, reach_;
    std::uint32_t key_, position_ = 0;
    Fft fft_;
    Floats window_, re_, im_, cosines_, taper_, sums_;
};

// White noise of a sample's position, uniform in [-1, 1).
float white_noise(std::uint32_t key, std::uint32_t position) noexcept;
std::uint32_t noise_key(std::uint32_t seed, std::uint32_t row) noexcept;

}  // namespace ddsp
