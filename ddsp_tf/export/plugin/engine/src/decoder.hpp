// The network: scaled pitch and loudness to finished controls, a frame at a time.
#pragma once

#include "controls.hpp"

namespace ddsp {

// Up to four voices share each weight that is read from memory, which sets the pace.
class Decoder {
public:
    static constexpr int most_vectors = 4;

    explicit Decoder(const InstrumentData& data);

    int n_state() const noexcept { return data_.network.n_state(); }

    // Decodes one frame of each voice, and moves its state on.
    void step(float* const* states, const float* f0_hz, const float* loudness_db,
              Controls* const* controls, int n_vectors) noexcept;

private:
    using Vectors = float* const*;

    float read_inputs(float f0_hz, float loudness_db, float& f0_scaled,
                      float& loudness_scaled) const noexcept;
    const float* const* run_stack(const Stack& stack, const float* const* x, Vectors out,
                                  int n) noexcept;
    void dense(const Dense& layer, const float* const* x, Vectors y, int n) noexcept;
    void recur_gru(float* const* states, int n) noexcept;
    void recur_min_gru(float* const* states, int n) noexcept;
    void convolve(float* const* states, int n) noexcept;

    const InstrumentData& data_;
    Floats memory_;
    float* inputs_[most_vectors];
    float* joined_[most_vectors];  // what the inputs' stacks gave, then what the recurrences gave
    float* first_[most_vectors];
    float* second_[most_vectors];
    float* gates_[most_vectors];
    float* state_gates_[most_vectors];
    float* controls_[most_vectors];
};

}  // namespace ddsp
