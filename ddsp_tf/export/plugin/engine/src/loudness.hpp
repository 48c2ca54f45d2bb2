// How loud a window of sound is, by the definition that the instrument was trained with.
#pragma once

#include "fft.hpp"
#include "instrument_data.hpp"

namespace ddsp {

class Loudness {
public:
    Loudness(LoudnessKind kind, int length, int sample_rate);

    int length() const noexcept { return length_; }
    // The first so many samples are waited for: a Hann window's last eighth holds hardly any energy.
    int n_heard() const noexcept {
        return length_ - (kind_ == LoudnessKind::rms ? 0 : length_ / 8);
    }
    // Of `length` samples; dB, at least -80.
    float measure(const float* samples) noexcept;

private:
    double weighted_power(const float* samples) noexcept;

    LoudnessKind kind_;
    int length_, n_interleaved_;  // the length is a power of two times the interleaved parts
    Fft fft_;
    Floats window_, weights_, cosines_, sines_, re_, im_;
};

}  // namespace ddsp
