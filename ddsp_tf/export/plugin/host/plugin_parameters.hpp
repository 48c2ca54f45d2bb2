// The parameters of the plug-ins, as hosts show them.
#pragma once

#include "ddsp_engine.hpp"

// What a knob does: sets the engine, or one of these.
enum class Role { engine, instrument, bypass, bend_range, mpe, pitch_meter, level_meter };

struct Knob {
    Role role;
    ddsp::Parameter parameter;  // of Role::engine
    const char* name;
    const char* symbol;         // what is saved: it never changes
    const char* unit;
    float lowest, highest, usual;
    bool whole, logarithmic;
};

constexpr Knob of_engine(ddsp::Parameter parameter, const char* name, const char* symbol,
                         const char* unit, float lowest, float highest, float usual,
                         bool whole = false, bool logarithmic = false) {
    return {Role::engine, parameter, name, symbol, unit, lowest, highest, usual, whole, logarithmic};
}

constexpr Knob of_plugin(Role role, const char* name, const char* symbol, const char* unit,
                         float lowest, float highest, float usual, bool whole = true) {
    return {role, ddsp::Parameter::count, name, symbol, unit, lowest, highest, usual, whole, false};
}

using P = ddsp::Parameter;

// Ranges are those that make music: the engine itself takes wider ones. Meters come last.
constexpr Knob knobs[] = {
    of_plugin(Role::instrument, "Instrument", "instrument", "", 0, 31, 0),
    of_engine(P::octave, "Octave", "octave", "oct", -3, 3, 0, true),
    of_engine(P::transpose, "Transpose", "transpose", "st", -12, 12, 0, true),
    of_engine(P::tuning, "Tuning", "tuning", "ct", -100, 100, 0),
    of_engine(P::loudness, "Loudness", "loudness", "dB", -24, 24, 0),
    of_engine(P::dynamics, "Dynamics", "dynamics", "", 0, 2, 1),
#if !DDSP_EFFECT
    of_engine(P::attack, "Attack", "attack", "s", 0.001f, 2, 0.02f, false, true),
#endif
    of_engine(P::release, "Release", "release", "s", 0.005f, 5, 0.06f, false, true),
    of_engine(P::vibrato_rate, "Vibrato rate", "vibrato_rate", "Hz", 0.1f, 12, 5.5f),
    of_engine(P::vibrato_depth, "Vibrato depth", "vibrato_depth", "ct", 0, 100, 0),
    of_engine(P::vibrato_delay, "Vibrato delay", "vibrato_delay", "s", 0, 2, 0.3f),
    of_engine(P::noise, "Noise", "noise", "", 0, 2, 1),
    of_engine(P::room, "Room", "room", "", 0, 2, 1),
#if DDSP_EFFECT
    of_engine(P::wet, "Dry/wet", "wet", "", 0, 1, 1),
    of_engine(P::gate, "Gate", "gate", "", 0, 1, 1, true),
#else
    of_engine(P::voices, "Voices", "voices", "", 1, 16, 16, true),
    of_plugin(Role::bend_range, "Bend range", "bend_range", "st", 0, 24, 2),
    of_plugin(Role::mpe, "MPE", "mpe", "", 0, 1, 0),
#endif
    of_engine(P::output, "Output", "output", "dB", -60, 12, 0),
    of_plugin(Role::bypass, "Bypass", "bypass", "", 0, 1, 0),
    of_plugin(Role::pitch_meter, "Pitch", "pitch", "Hz", 0, 5000, 0, false),
    of_plugin(Role::level_meter, "Level", "level", "dB", -80, 20, -80, false),
};

constexpr int n_knobs = sizeof knobs / sizeof *knobs;
