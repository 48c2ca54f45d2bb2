#include <algorithm>
#include <cmath>

#include "ddsp_engine.hpp"
#include "denormals.hpp"
#include "room.hpp"
#include "synthesizer.hpp"

namespace ddsp {

struct Voice::Parts {
    InstrumentPointer instrument;
    Decoder decoder;
    Synthesizer synthesizer;
    Room room;
    Floats state, dry, wet;

    Parts(InstrumentPointer from, bool with_room)
        : instrument(std::move(from)),
          decoder(instrument->data()),
          synthesizer(instrument->data(), 0),
          room(with_room ? instrument->data().synthesis.room : Floats()),
          state(static_cast<std::size_t>(decoder.n_state())),
          dry(static_cast<std::size_t>(instrument->hop_length())),
          wet(dry.size()) {}
};

Voice::Voice(InstrumentPointer instrument, bool room)
    : parts_(std::make_unique<Parts>(std::move(instrument), room)) {}
Voice::~Voice() = default;
Voice::Voice(Voice&&) noexcept = default;
Voice& Voice::operator=(Voice&&) noexcept = default;

int Voice::latency_samples() const noexcept {
    return parts_->synthesizer.lookahead() * parts_->instrument->hop_length();
}

void Voice::reset() noexcept {
    std::fill(parts_->state.begin(), parts_->state.end(), 0.0f);
    parts_->synthesizer.reset();
    parts_->room.reset();
}

void Voice::process(const float* f0_hz, const float* loudness_db, int n_frames,
                    float* audio) noexcept {
    const NoDenormals guard;
    Parts& parts = *parts_;
    const int hop = parts.instrument->hop_length();
    const bool add_dry = parts.room.is_silent() || parts.instrument->data().synthesis.add_dry;
    for (int frame = 0; frame < n_frames; ++frame, audio += hop) {
        // The comparisons are false for NaN, which becomes the lower end.
        const float hz = f0_hz[frame] > 0.0f ? std::min(f0_hz[frame], 20000.0f) : 0.0f;
        const float db = loudness_db[frame] > -1000.0f ? std::min(loudness_db[frame], 20.0f) : -1000.0f;
        float* state = parts.state.data();
        Controls* controls = &parts.synthesizer.next();
        parts.decoder.step(&state, &hz, &db, &controls, 1);
        parts.synthesizer.push(1.0f);
        std::fill(parts.dry.begin(), parts.dry.end(), 0.0f);
        parts.synthesizer.add(1.0f, 1.0f, parts.dry.data());
        parts.room.process(parts.dry.data(), parts.wet.data(), hop);
        for (int j = 0; j < hop; ++j) {
            const std::size_t at = static_cast<std::size_t>(j);
            audio[j] = parts.wet[at] + (add_dry ? parts.dry[at] : 0.0f);
        }
    }
}

}  // namespace ddsp
