#include "front_end.hpp"

#include <algorithm>
#include <cmath>

namespace ddsp {
namespace {

constexpr double largest_glide_octaves = 100.0 / 1200.0;

}  // namespace

FrontEnd::FrontEnd(const InstrumentData& data)
    : rate_(data.sample_rate),
      hop_(data.hop_length),
      loudness_(data.loudness_kind, data.loudness_length, rate_),
      crepe_(data.tracker),
      path_(data.usual_f0_hz) {
    const int window = data.loudness_length;
    int of_pitch = Crepe::live_ahead;
    if (rate_ != tracker_rate) {
        resampler_ = std::make_unique<Resampler>(rate_, tracker_rate, true);
        of_pitch = of_pitch * rate_ / tracker_rate + resampler_->reach() + 2;
    }
    if (data.f0_refined) {
        const double waiting_s = static_cast<double>(of_pitch + 4 * hop_) / rate_;
        refined_ = std::make_unique<RefinedPitch>(
            Crepe::live_ahead, static_cast<int>(waiting_s * tracker_rate) + 1);
    }
    latency_ = std::max(of_pitch, loudness_.n_heard() - window / 2);
    // More may come before a frame is asked for than it needs: hops, which follow the host's blocks.
    samples_.resize(static_cast<std::size_t>(power_of_two(window + latency_ + 4 * hop_)));
    window_.resize(static_cast<std::size_t>(window));
    const double tracked_s = static_cast<double>(latency_ + 4 * hop_) / rate_;
    tracked_.resize(static_cast<std::size_t>(
        power_of_two(static_cast<int>(tracked_s * tracks_per_s) + 8)));
    reset();
}

void FrontEnd::reset() noexcept {
    n_pushed_ = n_frames_ = n_tracked_ = 0;
    crepe_.reset();
    path_.reset();
    if (refined_) refined_->reset();
    if (resampler_) resampler_->reset();
    std::fill(samples_.begin(), samples_.end(), 0.0f);
    std::fill(tracked_.begin(), tracked_.end(), path_.before());
}

void FrontEnd::push(float sample) noexcept {
    samples_[static_cast<std::size_t>(n_pushed_) & (samples_.size() - 1)] = sample;
    ++n_pushed_;
    if (!resampler_) {
        track(sample);
        return;
    }
    resampler_->push(sample);
    while (resampler_->is_ready()) track(resampler_->next());
}

void FrontEnd::track(float sample) noexcept {
    if (refined_) refined_->push(sample);
    if (!crepe_.push(sample)) return;
    ++n_tracked_;
    tracked_[static_cast<std::size_t>(n_tracked_) & (tracked_.size() - 1)] =
        path_.advance(crepe_.salience());
}

bool FrontEnd::is_ready() const noexcept {
    const std::int64_t here = n_frames_ * hop_ * tracks_per_s / rate_;
    const std::int64_t end = n_frames_ * hop_ + loudness_.n_heard() - loudness_.length() / 2;
    // What a pitch is refined by has come too.
    const bool is_there = !refined_ || place() + Crepe::live_ahead <= static_cast<double>(refined_->n_pushed());
    return here < n_tracked_ && end <= n_pushed_ && is_there;
}

Frame FrontEnd::next() noexcept {
    Frame frame;
    const std::int64_t start = n_frames_ * hop_ - loudness_.length() / 2;
    for (std::size_t i = 0; i < static_cast<std::size_t>(loudness_.n_heard()); ++i) {
        const std::int64_t at = start + static_cast<std::int64_t>(i);
        window_[i] = at < 0 ? 0.0f : samples_[static_cast<std::size_t>(at) & (samples_.size() - 1)];
    }
    frame.loudness_db = loudness_.measure(window_.data());
    read_pitch(frame);
    ++n_frames_;
    return frame;
}

// The track is read 10 ms before the frame, where both pitches around it are known; the confidence
// is that of the newest, so that a gate opens early.
void FrontEnd::read_pitch(Frame& frame) noexcept {
    const std::int64_t position = n_frames_ * hop_ * tracks_per_s, here = position / rate_;
    double weight = static_cast<double>(position - here * rate_) / rate_;
    const auto at = [this](std::int64_t c) {
        return tracked_[static_cast<std::size_t>(c + 1) & (tracked_.size() - 1)];
    };
    const TrackedPitch before = at(here - 1), after = at(here);
    const double change = after.octaves - before.octaves;
    if (!(std::fabs(change) <= largest_glide_octaves)) weight = 1.0;  // a leap is told at once
    frame.f0_hz = static_cast<float>(std::exp2(before.octaves + weight * change));
    frame.confidence = after.confidence;
    if (refined_) frame.f0_hz = refined_->refine(frame.f0_hz, frame.confidence, place());
}

}  // namespace ddsp
