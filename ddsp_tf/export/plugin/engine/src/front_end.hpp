// What is being played: sound to frames of pitch, confidence and loudness, as
// `ddsp_tf.features.LiveFeatures` finds them.
#pragma once

#include <memory>
#include <vector>

#include "crepe.hpp"
#include "loudness.hpp"
#include "pitch_path.hpp"
#include "refined_pitch.hpp"
#include "resampler.hpp"

namespace ddsp {

struct Frame {
    float f0_hz = 0.0f, confidence = 0.0f, loudness_db = -80.0f;
};

class FrontEnd {
public:
    explicit FrontEnd(const InstrumentData& data);

    // Samples after a frame's position that have to be there before it is known.
    int latency_samples() const noexcept { return latency_; }
    void reset() noexcept;

    void push(float sample) noexcept;  // at the model's rate
    bool is_ready() const noexcept;    // for the next frame
    Frame next() noexcept;

private:
    void track(float sample) noexcept;
    void read_pitch(Frame& frame) noexcept;
    // Where the next frame is in samples that the tracker gets.
    double place() const noexcept {
        return static_cast<double>(n_frames_) * hop_ * tracker_rate / rate_;
    }

    static constexpr int tracker_rate = 16000, tracks_per_s = 100;

    int rate_, hop_, latency_;
    std::int64_t n_pushed_ = 0, n_frames_ = 0, n_tracked_ = 0;
    Loudness loudness_;
    Crepe crepe_;
    PitchPath path_;
    std::unique_ptr<RefinedPitch> refined_;
    std::unique_ptr<Resampler> resampler_;
    Floats samples_, window_;            // the last samples, a ring
    std::vector<TrackedPitch> tracked_;  // the last pitches, a ring; frame c is at c + 1
};

}  // namespace ddsp
