// The instrument at the model's rate: what each voice plays in a frame, to a hop of sound.
#pragma once

#include <memory>
#include <vector>

#include "room.hpp"
#include "synthesizer.hpp"

namespace ddsp {

// Gains that glide over each hop from what they were.
struct Gains {
    float noise = 1.0f, room = 1.0f, output = 1.0f;
};

class HopPlayer {
public:
    HopPlayer(const InstrumentData& data, int n_voices);

    int lookahead() const noexcept { return voices_[0]->synthesizer.lookahead(); }
    void reset() noexcept;

    // A voice that remembers nothing.
    void start(int voice) noexcept;
    // What a voice plays in the next frame; one that isn't told anything rests.
    void tell(int voice, float f0_hz, float loudness_db, float gain) noexcept;
    // Plays the frame, into `[hop_length]`.
    void play(const Gains& gains, float* audio) noexcept;

private:
    struct PlayerVoice {
        Synthesizer synthesizer;
        Floats state;
        float f0_hz = 0.0f, loudness_db = 0.0f, gain = 0.0f;
        bool is_told = false;
    };

    void decode() noexcept;

    const InstrumentData& data_;
    int hop_;
    Decoder decoder_;
    Room room_;
    std::vector<std::unique_ptr<PlayerVoice>> voices_;
    Gains before_;
    bool is_first_ = true;
    Floats dry_, wet_;
};

}  // namespace ddsp
