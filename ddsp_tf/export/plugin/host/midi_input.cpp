#include "midi_input.hpp"

#include <algorithm>
#include <cmath>

namespace {

constexpr float member_range = 48.0f;                       // MPE's usual bend of a note
constexpr float pressure_db = 6.0f, wheel_cents = 50.0f;    // at their most
constexpr float softest_db = -40.0f;

enum Number { wheel = 1, breath = 2, data = 6, expression = 11, pedal = 64, rpn_low = 100,
              rpn_high = 101, sound_off = 120, reset_all = 121, notes_off = 123 };

// MIDI's own rule for expression: 40 log10(value / 127) dB.
float as_db(float share) noexcept {
    return share > 0.1f ? 40.0f * std::log10(share) : softest_db;
}

}  // namespace

bool MidiInput::is_member(int channel) const noexcept {
    return channel > 0 && channel <= (forced_mpe_ ? n_channels - 1 : n_members_);
}

float MidiInput::semitones(int channel) const noexcept {
    const Channel& one = channels_[channel];
    const Channel& manager = channels_[0];
    const auto range = [](const Channel& c, float usual) { return c.range < 0.0f ? usual : c.range; };
    if (!is_member(channel)) return one.bend * range(one, bend_range_);
    return one.bend * range(one, member_range) + manager.bend * range(manager, bend_range_);
}

float MidiInput::level_db(int channel) const noexcept {
    const Channel& one = channels_[channel];
    float db = as_db(one.expression) + as_db(one.breath) + pressure_db * one.pressure;
    if (is_member(channel)) {
        const Channel& manager = channels_[0];
        db += as_db(manager.expression) + as_db(manager.breath) + pressure_db * manager.pressure;
    }
    return std::max(db, softest_db);
}

float MidiInput::vibrato_cents(int channel) const noexcept {
    float depth = channels_[channel].wheel;
    if (is_member(channel)) depth = std::max(depth, channels_[0].wheel);
    return wheel_cents * depth;
}

void MidiInput::control(int channel, int number, int value) noexcept {
    Channel& one = channels_[channel];
    const float share = static_cast<float>(value) / 127.0f;
    switch (number) {
        case wheel: one.wheel = share; break;
        case breath: one.breath = share; break;
        case expression: one.expression = share; break;
        case pedal: one.pedal = value >= 64; break;
        case rpn_high: one.rpn = value == 0 ? 128 : -1; break;  // then the low half follows
        case rpn_low: one.rpn = one.rpn >= 0 ? value : -1; break;
        case data:
            if (one.rpn == 0) one.range = static_cast<float>(value);
            if (one.rpn == 6 && channel == 0) n_members_ = std::min(value, n_channels - 1);
            break;
        case reset_all: {
            const float range = one.range;
            std::uint8_t held[128];
            std::copy(std::begin(one.velocities), std::end(one.velocities), held);
            one = Channel();
            one.range = range;
            std::copy(held, held + 128, one.velocities);
            break;
        }
        default: break;
    }
}

void MidiInput::hear(const std::uint8_t* bytes, int n_bytes, int offset, ddsp::Engine* engine,
                     ddsp::Engine* second) noexcept {
    if (n_bytes < 2 || bytes[0] < 0x80) return;
    const int kind = bytes[0] & 0xf0, channel = bytes[0] & 0x0f;
    const int first = bytes[1] & 0x7f, value = n_bytes > 2 ? bytes[2] & 0x7f : 0;
    Channel& one = channels_[channel];
    ddsp::Engine* const engines[] = {engine, second};
    const auto each = [&](auto&& tell) {
        for (ddsp::Engine* to : engines) {
            if (to) tell(*to);
        }
    };
    // What MPE's manager does holds for all of its members.
    const auto each_channel = [&](auto&& tell) {
        tell(channel);
        if (channel != 0) return;
        for (int member = 1; is_member(member) && member < n_channels; ++member) tell(member);
    };
    if (kind == 0x80 || (kind == 0x90 && value == 0)) {
        one.velocities[first] = 0;
        each([&](ddsp::Engine& to) { to.note_off(channel, first, offset); });
    } else if (kind == 0x90) {
        one.velocities[first] = static_cast<std::uint8_t>(value);
        each([&](ddsp::Engine& to) { to.note_on(channel, first, static_cast<float>(value) / 127.0f, offset); });
    } else if (kind == 0xe0) {
        one.bend = static_cast<float>((value << 7 | first) - 8192) / 8192.0f;
        each_channel([&](int c) { each([&](ddsp::Engine& to) { to.bend(c, semitones(c), offset); }); });
    } else if (kind == 0xd0) {
        one.pressure = static_cast<float>(first) / 127.0f;
        each_channel([&](int c) { each([&](ddsp::Engine& to) { to.expression(c, level_db(c), offset); }); });
    } else if (kind == 0xb0) {
        if (first == sound_off || first >= notes_off) {
            for (Channel& any : channels_) std::fill(std::begin(any.velocities), std::end(any.velocities), std::uint8_t(0));
            each([&](ddsp::Engine& to) { to.all_notes_off(offset); });
            return;
        }
        control(channel, first, value);
        each_channel([&](int c) {
            each([&](ddsp::Engine& to) {
                if (first == wheel || first == reset_all) to.vibrato(c, vibrato_cents(c), offset);
                if (first == expression || first == breath || first == reset_all) {
                    to.expression(c, level_db(c), offset);
                }
                if (first == pedal || first == reset_all) {
                    to.sustain(c, one.pedal || channels_[c].pedal, offset);
                }
                if (first == data || first == reset_all) to.bend(c, semitones(c), offset);
            });
        });
    }
}

void MidiInput::tell_all(ddsp::Engine& engine) noexcept {
    for (int c = 0; c < n_channels; ++c) {
        const Channel& one = channels_[c];
        engine.bend(c, semitones(c));
        engine.expression(c, level_db(c));
        engine.vibrato(c, vibrato_cents(c));
        engine.sustain(c, one.pedal || (is_member(c) && channels_[0].pedal));
        for (int key = 0; key < 128; ++key) {
            if (one.velocities[key]) engine.note_on(c, key, static_cast<float>(one.velocities[key]) / 127.0f);
        }
    }
}
