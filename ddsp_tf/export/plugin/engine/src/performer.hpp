// Notes to pitch and loudness, for each voice a melody; the rules of
// `ddsp_tf.inference.PlainPerformer` and `ddsp_tf.midi.allocate_voices`, for notes that come live.
#pragma once

#include <cstdint>
#include <vector>

#include "instrument_data.hpp"

namespace ddsp {

// What parameters say of notes, read once a frame.
struct Manner {
    float semitones = 0.0f, loudness_db = 0.0f, dynamics = 1.0f;
    float attack_s = 0.02f, release_s = 0.06f;
    float vibrato_hz = 5.5f, vibrato_cents = 0.0f, vibrato_delay_s = 0.3f;
};

// What a voice plays in a frame.
struct Played {
    float f0_hz = 440.0f, loudness_db = -80.0f, gain = 0.0f;
    bool starts = false;  // anew: the voice has nothing to remember
};

// How far the vibrato has bent a pitch, in cents, so long after the onset.
float vibrato_bend(double since_s, const Manner& manner, float cents) noexcept;
// A level farther from the instrument's middle one, or nearer.
float with_dynamics(float loudness_db, float middle_db, const Manner& manner) noexcept;

class Performer {
public:
    static constexpr int n_channels = 16;

    Performer(const InstrumentData& data, int most_voices);

    void reset() noexcept;
    int most_voices() const noexcept { return static_cast<int>(lines_.size()); }
    float middle_db() const noexcept { return middle_db_; }

    // What happens before the frame that is played next. -1 is all channels.
    void note_on(int channel, int key, float velocity, int n_voices) noexcept;
    void note_off(int channel, int key) noexcept;
    void sustain(int channel, bool down) noexcept;
    void bend(int channel, float semitones) noexcept;
    void expression(int channel, float db) noexcept;
    void vibrato(int channel, float cents) noexcept;
    void all_notes_off() noexcept;
    // Releases what voices from this one on hold.
    void keep_voices(int n_voices) noexcept;

    // What a voice plays in this frame; false: nothing, and it has been silent for `n_late` frames.
    bool play(int voice, int n_late, const Manner& manner, Played& played) noexcept;
    void advance() noexcept { ++now_; }

private:
    static constexpr std::int64_t held = INT64_MAX;

    struct Line {
        int key = -1, channel = 0;
        float velocity = 0.0f;
        std::int64_t onset = -1, offset = -1;  // frames; `held` until it is released
        std::int64_t heard = -1;               // the last frame that it was heard in, if lately
        bool slurred = false, sustained = false, starts = false;
        bool is_held(std::int64_t now) const noexcept { return offset > now; }
    };
    struct Waiting {
        int key = -1, channel = 0;
        float velocity = 0.0f;
        std::int64_t onset = 0;
    };

    int choose(int key, int n_voices) const noexcept;
    void begin(Line& line, int channel, int key, float velocity) noexcept;
    void release(Line& line) noexcept;
    float level_db(float velocity) const noexcept;
    template <class Change>
    void on_channels(int channel, Change change) noexcept;

    const InstrumentData& data_;
    double frame_rate_;
    float middle_db_;
    std::int64_t now_ = 0;
    std::vector<Line> lines_;
    Waiting waiting_;
    bool is_melody_ = false;
    float bend_[n_channels] = {}, expression_[n_channels] = {}, vibrato_[n_channels] = {};
    bool sustain_[n_channels] = {};
};

}  // namespace ddsp
