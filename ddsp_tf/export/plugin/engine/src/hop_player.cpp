#include "hop_player.hpp"

#include <algorithm>
#include <cmath>

namespace ddsp {

HopPlayer::HopPlayer(const InstrumentData& data, int n_voices)
    : data_(data),
      hop_(data.hop_length),
      decoder_(data),
      room_(data.synthesis.room),
      dry_(static_cast<std::size_t>(hop_)),
      wet_(dry_.size()) {
    for (int i = 0; i < n_voices; ++i) {
        voices_.push_back(std::make_unique<PlayerVoice>(
            PlayerVoice{Synthesizer(data, static_cast<unsigned>(i)),
                        Floats(static_cast<std::size_t>(decoder_.n_state()))}));
    }
}

void HopPlayer::reset() noexcept {
    for (int i = 0; i < static_cast<int>(voices_.size()); ++i) start(i);
    room_.reset();
    is_first_ = true;
}

void HopPlayer::start(int voice) noexcept {
    PlayerVoice& one = *voices_[static_cast<std::size_t>(voice)];
    one.synthesizer.reset();
    std::fill(one.state.begin(), one.state.end(), 0.0f);
    one.is_told = false;
}

void HopPlayer::tell(int voice, float f0_hz, float loudness_db, float gain) noexcept {
    PlayerVoice& one = *voices_[static_cast<std::size_t>(voice)];
    // The comparisons are false for NaN, which becomes the lower end.
    one.f0_hz = f0_hz > 0.0f ? std::min(f0_hz, 20000.0f) : 0.0f;
    one.loudness_db = loudness_db > -1000.0f ? std::min(loudness_db, 20.0f) : -1000.0f;
    one.gain = gain;
    one.is_told = true;
}

// Several voices at a time share the weights that are read.
void HopPlayer::decode() noexcept {
    constexpr int most = Decoder::most_vectors;
    float *states[most], f0_hz[most], loudness_db[most];
    Controls* controls[most];
    int n = 0;
    for (const auto& voice : voices_) {
        if (!voice->is_told) continue;
        states[n] = voice->state.data();
        f0_hz[n] = voice->f0_hz;
        loudness_db[n] = voice->loudness_db;
        controls[n] = &voice->synthesizer.next();
        if (++n < most) continue;
        decoder_.step(states, f0_hz, loudness_db, controls, n);
        n = 0;
    }
    if (n) decoder_.step(states, f0_hz, loudness_db, controls, n);
}

void HopPlayer::play(const Gains& gains, float* audio) noexcept {
    if (is_first_) before_ = gains;
    is_first_ = false;
    decode();
    std::fill(dry_.begin(), dry_.end(), 0.0f);
    for (const auto& voice : voices_) {
        if (!voice->is_told) continue;
        voice->is_told = false;
        voice->synthesizer.push(voice->gain);
        voice->synthesizer.add(before_.noise, gains.noise, dry_.data());
    }
    float total = 0.0f;
    for (const float x : dry_) total += x * x;
    if (!std::isfinite(total)) {
        // A file made to mislead may hold numbers that grow without bounds; nobody should hear them.
        for (int i = 0; i < static_cast<int>(voices_.size()); ++i) start(i);
        std::fill(dry_.begin(), dry_.end(), 0.0f);
    }
    room_.process(dry_.data(), wet_.data(), hop_);
    const bool has_room = !room_.is_silent();
    const float step = 1.0f / static_cast<float>(hop_);
    for (int j = 0; j < hop_; ++j) {
        const std::size_t at = static_cast<std::size_t>(j);
        const float share = step * static_cast<float>(j);
        const float room = before_.room + (gains.room - before_.room) * share;
        const float output = before_.output + (gains.output - before_.output) * share;
        // Where the dry sound is part of the response, turning the room down brings it back.
        const float dry = has_room && !data_.synthesis.add_dry ? 1.0f - std::min(room, 1.0f) : 1.0f;
        audio[j] = output * (dry * dry_[at] + room * wet_[at]);
    }
    before_ = gains;
}

}  // namespace ddsp
