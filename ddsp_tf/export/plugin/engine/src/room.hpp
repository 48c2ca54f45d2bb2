// Convolution with a long response, without delay and for blocks of any length.
#pragma once

#include "fft.hpp"

namespace ddsp {

// Taps of a response behind `first`, in partitions of one length: of what came in a block ago or
// earlier. So a block's answer is there when it begins (Gardner 1995, with two lengths).
class Partitions {
public:
    Partitions(const float* taps, int n_taps, int length);

    void reset() noexcept;
    // Takes a whole block, and gives what it and those before it answer in the next one.
    void process(const float* input, float* answer) noexcept;

private:
    int length_, n_bins_, n_parts_, newest_ = 0;
    Fft fft_;
    Floats response_re_, response_im_, input_re_, input_im_, re_, im_, before_;
};

class Room {
public:
    // `taps[0]` answers at once. A room without taps is silent.
    explicit Room(const Floats& taps);

    bool is_silent() const noexcept { return head_.empty(); }
    void reset() noexcept;
    void process(const float* input, float* output, int n) noexcept;

private:
    static constexpr int short_length = 64, long_length = 1024;

    void finish_block() noexcept;

    Floats head_;                       // the first taps, newest first
    Floats recent_;                     // the last samples, twice as many as are read
    Floats block_, answer_;             // of the short partitions
    Floats long_block_, long_answer_;
    Partitions short_, long_;
    bool has_short_, has_long_;
    int at_ = 0, long_at_ = 0;
};

}  // namespace ddsp
