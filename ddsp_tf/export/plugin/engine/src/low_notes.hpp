// A second opinion on low notes, of which CREPE often hears a harmonic: what
// `ddsp_tf.features.crepe.low_notes` does, where it is explained.
#pragma once

#include <vector>

#include "aligned.hpp"

namespace ddsp {

class LowNotes {
public:
    LowNotes();

    // Moves salience, `[360]`, from a harmonic to the fundamental where the sound repeats more
    // slowly. `frame` is `[1024]` at 16 kHz, `power` its mean square without its mean.
    void correct(const float* frame, float power, float* salience) noexcept;

private:
    struct Candidate {
        float certainty, aperiodicity, cents;
    };

    void decimate(const float* frame) noexcept;
    void set_aperiodicity() noexcept;
    Candidate best_candidate() noexcept;
    float best_multiple(int candidate) const noexcept;
    float own_share(float cents) noexcept;

    int n_steps_, n_candidates_, n_bins_;
    Floats low_pass_, low_, squares_, fade_, at_periods_, spectrum_, parts_, aperiodicity_, nearest_;
    Floats power_;
    std::vector<int> prime_steps_;
    std::vector<std::vector<bool>> outside_;  // of pairs of higher notes: partials of neither
};

}  // namespace ddsp
