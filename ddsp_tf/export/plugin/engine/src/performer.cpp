#include "performer.hpp"

#include <algorithm>
#include <cmath>

#include "pi.hpp"

namespace ddsp {
namespace {

constexpr double slur_s = 0.06, vibrato_rise_s = 0.5;
constexpr float attack_db = -18.0f, slurred_db = -6.0f, release_db = -18.0f;
// Softest and loudest note of an instrument whose training isn't known.
constexpr float unknown_softest_db = -45.0f, unknown_loudest_db = -15.0f;

}  // namespace

float vibrato_bend(double since_s, const Manner& manner, float cents) noexcept {
    const double late_s = since_s - manner.vibrato_delay_s;
    if (!(late_s > 0.0) || cents == 0.0f) return 0.0f;
    const double depth = std::min(1.0, late_s / vibrato_rise_s);
    return static_cast<float>(cents * depth * std::sin(2.0 * pi * manner.vibrato_hz * late_s));
}

float with_dynamics(float loudness_db, float middle_db, const Manner& manner) noexcept {
    return middle_db + manner.dynamics * (loudness_db - middle_db) + manner.loudness_db;
}

Performer::Performer(const InstrumentData& data, int most_voices)
    : data_(data),
      frame_rate_(static_cast<double>(data.sample_rate) / data.hop_length),
      middle_db_(level_db(0.5f)),
      lines_(static_cast<std::size_t>(most_voices)) {}

void Performer::reset() noexcept {
    now_ = 0;
    std::fill(lines_.begin(), lines_.end(), Line());
    waiting_ = Waiting();
    for (int i = 0; i < n_channels; ++i) {
        bend_[i] = expression_[i] = vibrato_[i] = 0.0f;
        sustain_[i] = false;
    }
}

// The share of the training's notes that were no louder than this is the velocity.
float Performer::level_db(float velocity) const noexcept {
    const auto& levels = data_.loudness_quantiles;
    if (levels.empty()) {
        return unknown_softest_db + (unknown_loudest_db - unknown_softest_db) * velocity;
    }
    const float place = velocity * static_cast<float>(levels.size() - 1);
    const std::size_t at = std::min(static_cast<std::size_t>(place), levels.size() - 2);
    return levels[at] + (levels[at + 1] - levels[at]) * (place - static_cast<float>(at));
}

// A note takes the voice that has its own key; else the one released longest ago; else, as all are
// held, the one whose note began first.
int Performer::choose(int key, int n_voices) const noexcept {
    int own = -1, free = -1, first = 0;
    for (int i = 0; i < n_voices; ++i) {
        const Line& line = lines_[static_cast<std::size_t>(i)];
        const auto at = [this](int j) -> const Line& { return lines_[static_cast<std::size_t>(j)]; };
        if (line.key == key && (own < 0 || line.onset > at(own).onset)) own = i;
        if (!line.is_held(now_) && (free < 0 || line.offset < at(free).offset)) free = i;
        if (line.onset < at(first).onset) first = i;
    }
    return own >= 0 ? own : free >= 0 ? free : first;
}

void Performer::note_on(int channel, int key, float velocity, int n_voices) noexcept {
    is_melody_ = n_voices == 1;
    Line& line = lines_[static_cast<std::size_t>(choose(key, n_voices))];
    // A melody is the highest of what sounds together; a lower note waits, in case that it is
    // slurred to, and the one before ends now.
    if (is_melody_ && line.is_held(now_) && key < line.key) {
        waiting_ = {key, channel, velocity, now_};
        return;
    }
    begin(line, channel, key, velocity);
}

void Performer::begin(Line& line, int channel, int key, float velocity) noexcept {
    line.slurred = line.onset >= 0 && (line.is_held(now_) || now_ - line.offset <= 1);
    line.starts = line.starts || line.heard < 0;
    line.key = key;
    line.channel = channel;
    line.velocity = std::min(std::max(velocity, 0.0f), 1.0f);
    line.onset = now_;
    line.offset = held;
    line.sustained = false;
    line.heard = now_;
    if (waiting_.key == key) waiting_ = Waiting();
}

void Performer::release(Line& line) noexcept {
    // A note is held for one frame at least.
    line.offset = std::max(now_, line.onset + 1);
    line.sustained = false;
    if (is_melody_ && waiting_.key >= 0) {
        const double since_s = static_cast<double>(now_ - waiting_.onset) / frame_rate_;
        const Waiting next = waiting_;
        waiting_ = Waiting();
        if (since_s <= slur_s) begin(line, next.channel, next.key, next.velocity);
    }
}

void Performer::note_off(int channel, int key) noexcept {
    if (waiting_.key == key) waiting_ = Waiting();
    for (Line& line : lines_) {
        if (line.key != key || !line.is_held(now_) || (channel >= 0 && line.channel != channel)) {
            continue;
        }
        if (line.channel >= 0 && sustain_[line.channel]) line.sustained = true;
        else release(line);
    }
}

template <class Change>
void Performer::on_channels(int channel, Change change) noexcept {
    for (int i = 0; i < n_channels; ++i) {
        if (channel < 0 || i == channel) change(i);
    }
}

void Performer::sustain(int channel, bool down) noexcept {
    on_channels(channel, [&](int i) {
        sustain_[i] = down;
        for (Line& line : lines_) {
            if (!down && line.sustained && line.channel == i) release(line);
        }
    });
}

void Performer::bend(int channel, float semitones) noexcept {
    on_channels(channel, [&](int i) { bend_[i] = semitones; });
}

void Performer::expression(int channel, float db) noexcept {
    on_channels(channel, [&](int i) { expression_[i] = db; });
}

void Performer::vibrato(int channel, float cents) noexcept {
    on_channels(channel, [&](int i) { vibrato_[i] = cents; });
}

void Performer::all_notes_off() noexcept {
    waiting_ = Waiting();
    for (bool& down : sustain_) down = false;
    keep_voices(0);
}

void Performer::keep_voices(int n_voices) noexcept {
    for (std::size_t i = static_cast<std::size_t>(n_voices); i < lines_.size(); ++i) {
        if (lines_[i].is_held(now_)) release(lines_[i]);
    }
}

bool Performer::play(int voice, int n_late, const Manner& manner, Played& played) noexcept {
    Line& line = lines_[static_cast<std::size_t>(voice)];
    if (now_ - line.heard > n_late) line.heard = -1;
    if (line.heard < 0) return false;
    played.starts = line.starts;
    line.starts = false;
    const double since_s = static_cast<double>(now_ - line.onset) / frame_rate_;
    const double released_s =
        line.offset == held ? 0.0
                            : static_cast<double>(std::max<std::int64_t>(now_ - line.offset, 0)) / frame_rate_;
    const float bend = line.channel >= 0 ? bend_[line.channel] : 0.0f;
    const float own_vibrato = line.channel >= 0 ? vibrato_[line.channel] : 0.0f;
    const float own_db = line.channel >= 0 ? expression_[line.channel] : 0.0f;
    const float cents = vibrato_bend(since_s, manner, manner.vibrato_cents + own_vibrato);
    const double midi = line.key + bend + manner.semitones + cents / 100.0f;
    played.f0_hz = static_cast<float>(440.0 * std::exp2((midi - 69.0) / 12.0));
    const double rising = std::min(std::max(1.0 - since_s / manner.attack_s, 0.0), 1.0);
    const double change_db = (line.slurred ? slurred_db : attack_db) * rising +
                             release_db * released_s / manner.release_s;
    played.loudness_db = with_dynamics(level_db(line.velocity), middle_db_, manner) + own_db +
                         static_cast<float>(change_db);
    // As half a Hann window from the last frame that was held on.
    const double after_s = line.is_held(now_) ? 0.0 : released_s + 1.0 / frame_rate_;
    const double nearness = std::min(std::max(1.0 - after_s / manner.release_s, 0.0), 1.0);
    played.gain = static_cast<float>(0.5 - 0.5 * std::cos(pi * nearness));
    if (played.gain > 0.0f) line.heard = now_;
    return true;
}

}  // namespace ddsp
