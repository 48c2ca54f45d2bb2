#include "player.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <exception>

namespace {

constexpr double fade_s = 0.03;
constexpr auto between_looks = std::chrono::milliseconds(10);
constexpr int most_voices = 16, longest_wait_ms = 1000;

}  // namespace

Voicing::Voicing(ddsp::InstrumentPointer instrument, const ddsp::Setup& setup, int slot_, int latency)
    : engine(std::move(instrument), setup), slot(slot_) {
    delay_.resize(static_cast<std::size_t>(std::max(0, latency - engine.latency_samples())));
}

void Voicing::process(const float* input, float* output, int n) noexcept {
    engine.process(input, output, n);
    if (delay_.empty()) return;
    for (int i = 0; i < n; ++i) {
        std::swap(output[i], delay_[at_]);
        at_ = at_ + 1 == delay_.size() ? 0 : at_ + 1;
    }
}

void Voicing::reset() noexcept {
    engine.reset();
    std::fill(delay_.begin(), delay_.end(), 0.0f);
}

Player::Player(ddsp::Source source, bool with_folder) : shelf_(with_folder) {
    setup_.source = source;
    setup_.most_voices = most_voices;
    for (int i = 0; i < n_parameters; ++i) {
        parameters_[i].store(ddsp::parameter_range(static_cast<ddsp::Parameter>(i)).usual);
    }
}

Player::~Player() {
    ends_.store(true);
    if (loader_.joinable()) loader_.join();
    delete coming_.exchange(nullptr);
    delete leaving_.exchange(nullptr);
}

void Player::set(ddsp::Parameter parameter, float value) noexcept {
    parameters_[static_cast<int>(parameter)].store(value, std::memory_order_relaxed);
}

float Player::get(ddsp::Parameter parameter) const noexcept {
    return parameters_[static_cast<int>(parameter)].load(std::memory_order_relaxed);
}

void Player::set_all(ddsp::Engine& engine) const noexcept {
    for (int i = 0; i < n_parameters; ++i) {
        engine.set(static_cast<ddsp::Parameter>(i), parameters_[i].load(std::memory_order_relaxed));
    }
    engine.set(ddsp::Parameter::wet, 1.0f);  // the plug-in mixes, since its sound has two channels
}

std::unique_ptr<Voicing> Player::make(int slot) const {
    std::string error;
    ddsp::InstrumentPointer instrument = shelf_.load(slot, error);
    if (!instrument) {
        if (!shelf_.name(slot).empty()) {
            std::fprintf(stderr, "ddsp_tf: `%s` can't be played. %s\n", shelf_.name(slot).c_str(),
                         error.c_str());
        }
        return nullptr;
    }
    auto made = std::make_unique<Voicing>(std::move(instrument), setup_, slot, latency_);
    set_all(made->engine);
    made->engine.reset();
    return made;
}

void Player::activate(double sample_rate) {
    const std::lock_guard<std::mutex> guard(lock_);
    delete coming_.exchange(nullptr);
    delete leaving_.exchange(nullptr);
    before_.reset();
    faded_ = played_ = false;
    const int slot = wanted();
    // A host that only starts again, perhaps in the audio thread, makes nothing new.
    if (now_ && now_->slot == slot && setup_.sample_rate == sample_rate) {
        now_->reset();
    } else {
        setup_.sample_rate = sample_rate;
        latency_ = 0;
        now_ = make(slot);
        if (!now_) now_ = make(0);  // its file went; the first of the shelf is always there
        latency_ = now_ ? now_->engine.latency_samples() : 0;
    }
    loaded_ = now_ ? now_->slot : -1;
    failed_ = loaded_ == slot ? -1 : slot;
    fade_ = std::max(1, static_cast<int>(fade_s * sample_rate));
    // The audio thread can't wake another one without a lock, so that one looks by itself.
    if (!loader_.joinable()) {
        loader_ = std::thread([this] {
            for (; !ends_.load(); std::this_thread::sleep_for(between_looks)) look();
        });
    }
}

void Player::look() noexcept {
    const std::lock_guard<std::mutex> guard(lock_);
    delete leaving_.exchange(nullptr);
    const int slot = wanted();
    if (slot == loaded_ || slot == failed_) return;
    std::unique_ptr<Voicing> next;
    try {
        next = make(slot);
    } catch (const std::exception&) {  // no memory: what plays goes on
    }
    if (next) {
        delete coming_.exchange(next.release());
        loaded_ = slot;
        failed_ = -1;
    } else {
        failed_ = slot;
    }
}

void Player::wait_until_loaded() {
    if (loader_.joinable()) look();
}

ddsp::Engine* Player::take_over() noexcept {
    for (int i = 0; !played_ && i < longest_wait_ms; ++i) {
        const int slot = wanted();
        if (slot == loaded_.load() || slot == failed_.load()) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (before_ && faded_) {
        Voicing* none = nullptr;
        if (!leaving_.compare_exchange_strong(none, before_.get())) return nullptr;
        before_.release();
        faded_ = false;
    }
    if (before_ || !coming_.load(std::memory_order_relaxed)) return nullptr;
    Voicing* next = coming_.exchange(nullptr);
    if (!next) return nullptr;
    before_ = std::move(now_);
    now_.reset(next);
    faded_ = before_ && !played_;  // nothing was heard of it
    // What hears has to hear for a while before it can sound.
    latency_ = std::max(latency_.load(), now_->engine.latency_samples());
    wait_ = latency_ + fade_;
    at_ = 0;
    return &now_->engine;
}

void Player::process(const float* input, float* output, int n) noexcept {
    if (!now_) {
        std::fill(output, output + n, 0.0f);
        return;
    }
    played_ = true;
    set_all(now_->engine);
    now_->process(input, output, n);
    if (!before_ || faded_) return;
    float old[longest_block];
    set_all(before_->engine);
    before_->process(input, old, n);
    for (int i = 0; i < n; ++i, ++at_) {
        const float share = std::min(std::max(static_cast<float>(at_ - wait_) / static_cast<float>(fade_), 0.0f), 1.0f);
        const float angle = 1.5707963f * share;  // equal power: the two sounds aren't alike
        output[i] = share == 0.0f ? old[i] : std::sin(angle) * output[i] + std::cos(angle) * old[i];
    }
    faded_ = at_ >= wait_ + fade_;
}
