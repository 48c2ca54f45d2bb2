// An instrument that plays, and the change to another one while it does.
//
// The audio thread never allocates, frees, locks or waits: another thread makes the next engine and
// hands it over by an atomic pointer; the audio thread lets both play, fades, and hands the old one
// back the same way.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "ddsp_engine.hpp"
#include "shelf.hpp"

// An engine whose sound is delayed until it is as late as the plug-in said it would be.
struct Voicing {
    Voicing(ddsp::InstrumentPointer instrument, const ddsp::Setup& setup, int slot, int latency);
    void process(const float* input, float* output, int n) noexcept;
    void reset() noexcept;

    ddsp::Engine engine;
    int slot;

private:
    std::vector<float> delay_;
    std::size_t at_ = 0;
};

class Player {
public:
    static constexpr int n_parameters = static_cast<int>(ddsp::Parameter::count);
    static constexpr int longest_block = 256;  // of `process`

    Player(ddsp::Source source, bool with_folder);
    ~Player();

    // Any thread: what is to be played. It is heard when it is loaded.
    void want(int slot) noexcept { wanted_.store(slot, std::memory_order_relaxed); }
    int wanted() const noexcept { return wanted_.load(std::memory_order_relaxed); }
    void set(ddsp::Parameter parameter, float value) noexcept;
    float get(ddsp::Parameter parameter) const noexcept;

    // Not while the audio thread is in `process`: what is wanted is loaded, and all is silent.
    void activate(double sample_rate);
    // Not the audio thread: waits until what is wanted is loaded, or can't be.
    void wait_until_loaded();

    // The audio thread.
    int latency_samples() const noexcept { return latency_.load(std::memory_order_relaxed); }
    // Takes over a new engine. Before anything was heard it waits for one, a second at most: a host
    // that renders sets a knob and plays at once, and shall not get another instrument. Gives it, that the notes that are held may be told to it; else null.
    ddsp::Engine* take_over() noexcept;
    // Those that play now; the second is null unless one is fading.
    ddsp::Engine* engine() noexcept { return now_ ? &now_->engine : nullptr; }
    ddsp::Engine* fading() noexcept { return before_ && !faded_ ? &before_->engine : nullptr; }
    void process(const float* input, float* output, int n) noexcept;  // n <= longest_block

    const Shelf& shelf() const noexcept { return shelf_; }

private:
    std::unique_ptr<Voicing> make(int slot) const;
    void look() noexcept;
    void set_all(ddsp::Engine& engine) const noexcept;

    const Shelf shelf_;
    ddsp::Setup setup_;
    std::atomic<float> parameters_[n_parameters];
    std::atomic<int> wanted_{0};

    std::unique_ptr<Voicing> now_, before_;
    bool faded_ = false;   // `before_` is silent, and waits to be taken away
    bool played_ = false;  // since it was activated
    int at_ = 0, wait_ = 0, fade_ = 1;  // samples since `now_` came; when its fade begins; its length
    std::atomic<int> latency_{0};

    std::atomic<Voicing*> coming_{nullptr}, leaving_{nullptr};
    std::mutex lock_;      // between `activate` and the loader: the audio thread never takes it
    std::atomic<int> loaded_{-1}, failed_{-1};  // slots: what plays or is coming; what can't
    std::atomic<bool> ends_{false};
    std::thread loader_;
};
