// What was sent and hasn't happened yet, in order; a queue that never grows.
#pragma once

#include <algorithm>

namespace ddsp {

struct Event {
    enum class Kind { note_on, note_off, sustain, bend, expression, vibrato, all_notes_off };
    Kind kind = Kind::all_notes_off;
    int channel = 0, key = 0, offset = 0;
    float value = 0.0f;
};

class Events {
public:
    static constexpr int most = 1024;

    void clear() noexcept { n_ = first_ = 0; }

    bool add(const Event& event) noexcept {
        if (n_ == most) return false;
        at(n_) = event;
        // One that was sent out of order happens with the one before it.
        if (n_ > 0) at(n_).offset = std::max(event.offset, at(n_ - 1).offset);
        ++n_;
        return true;
    }

    // The next one that happens at or before a sample; null if there is none.
    const Event* take(int sample) noexcept {
        if (n_ == 0 || events_[first_].offset > sample) return nullptr;
        const Event* event = &events_[first_];
        first_ = (first_ + 1) % most;
        --n_;
        return event;
    }

    // Counts offsets from so many samples later.
    void advance(int n_samples) noexcept {
        for (int i = 0; i < n_; ++i) at(i).offset = std::max(0, at(i).offset - n_samples);
    }

private:
    Event& at(int i) noexcept { return events_[(first_ + i) % most]; }

    Event events_[most];
    int first_ = 0, n_ = 0;
};

}  // namespace ddsp
