// MIDI messages for engines: notes, pedal, bend, and what makes them louder or vibrate. MPE too.
#pragma once

#include <cstdint>

#include "ddsp_engine.hpp"

class MidiInput {
public:
    // Tells one message to an engine, and to a second one that is fading if there is one.
    void hear(const std::uint8_t* bytes, int n_bytes, int offset, ddsp::Engine* engine,
              ddsp::Engine* second) noexcept;
    // Tells a new engine what holds now: keys, pedals, bends.
    void tell_all(ddsp::Engine& engine) noexcept;
    void reset() noexcept { *this = MidiInput(bend_range_, forced_mpe_); }

    void set_bend_range(float semitones) noexcept { bend_range_ = semitones; }
    void set_mpe(bool mpe) noexcept { forced_mpe_ = mpe; }

    MidiInput() noexcept : MidiInput(2.0f, false) {}

private:
    static constexpr int n_channels = 16;

    struct Channel {
        std::uint8_t velocities[128] = {};  // of keys that are down
        float bend = 0.0f;                  // -1 to 1
        float range = -1.0f;                // semitones; negative: as usual
        float expression = 1.0f, breath = 1.0f, pressure = 0.0f, wheel = 0.0f;
        int rpn = -1;
        bool pedal = false;
    };

    MidiInput(float range, bool mpe) noexcept : bend_range_(range), forced_mpe_(mpe) {}

    bool is_member(int channel) const noexcept;
    float semitones(int channel) const noexcept;
    float level_db(int channel) const noexcept;
    float vibrato_cents(int channel) const noexcept;
    void control(int channel, int number, int value) noexcept;

    Channel channels_[n_channels];
    float bend_range_;
    bool forced_mpe_;
    int n_members_ = 0;  // of MPE's lower zone, as the controller said
};
