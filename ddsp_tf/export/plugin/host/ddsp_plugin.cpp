// The plug-ins: an effect that hears sound, and an instrument that hears MIDI.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <string>

#include "DistrhoPlugin.hpp"
#include "dry_line.hpp"
#include "midi_input.hpp"
#include "player.hpp"
#include "plugin_parameters.hpp"

START_NAMESPACE_DISTRHO

namespace {

constexpr const char* saved_instrument = "instrument";
constexpr auto source = DDSP_EFFECT ? ddsp::Source::audio : ddsp::Source::notes;

}  // namespace

class DdspPlugin : public Plugin {
public:
    DdspPlugin() : Plugin(n_knobs, 0, 1), player_(source, !isDummyInstance()) {
        for (int i = 0; i < n_knobs; ++i) values_[i].store(knobs[i].usual);
        if (!isDummyInstance()) sampleRateChanged(getSampleRate());
    }

protected:
    const char* getLabel() const override { return DDSP_EFFECT ? "ddsp_tf_effect" : "ddsp_tf_instrument"; }
    const char* getDescription() const override {
        return DDSP_EFFECT ? "Plays what it hears on another instrument."
                           : "Plays notes on an instrument that was learnt from recordings.";
    }
    const char* getMaker() const override { return DISTRHO_PLUGIN_BRAND; }
    const char* getLicense() const override { return "Apache-2.0"; }
    std::uint32_t getVersion() const override { return d_version(0, 1, 0); }
    std::int64_t getUniqueId() const override { return d_cconst('d', 'd', 's', DDSP_EFFECT ? 'e' : 'i'); }

    void initAudioPort(bool input, std::uint32_t index, AudioPort& port) override {
        port.groupId = kPortGroupStereo;
        Plugin::initAudioPort(input, index, port);
    }

    void initParameter(std::uint32_t index, Parameter& parameter) override {
        const Knob& knob = knobs[index];
        if (knob.role == Role::bypass) {
            parameter.initDesignation(kParameterDesignationBypass);
            return;
        }
        const bool meter = knob.role == Role::pitch_meter || knob.role == Role::level_meter;
        parameter.hints = meter ? kParameterIsOutput : kParameterIsAutomatable;
        if (knob.whole) parameter.hints |= kParameterIsInteger;
        if (knob.whole && knob.lowest == 0.0f && knob.highest == 1.0f) parameter.hints |= kParameterIsBoolean;
        if (knob.logarithmic) parameter.hints |= kParameterIsLogarithmic;
        parameter.name = knob.name;
        parameter.symbol = knob.symbol;
        parameter.unit = knob.unit;
        parameter.ranges = ParameterRanges(knob.usual, knob.lowest, knob.highest);
        if (knob.role != Role::instrument) return;
        parameter.enumValues.count = Shelf::n_slots;
        parameter.enumValues.restrictedMode = true;
        parameter.enumValues.values = new ParameterEnumerationValue[Shelf::n_slots];
        for (int slot = 0; slot < Shelf::n_slots; ++slot) {
            parameter.enumValues.values[slot] = {static_cast<float>(slot), player_.shelf().label(slot).c_str()};
        }
    }

    float getParameterValue(std::uint32_t index) const override {
        return values_[index].load(std::memory_order_relaxed);
    }

    void setParameterValue(std::uint32_t index, float value) override {
        const Knob& knob = knobs[index];
        if (std::isnan(value)) return;
        if (knob.role == Role::instrument) {
            const int slot = static_cast<int>(std::lround(value));
            // The number is of the folder as it was when it was saved; the name beside it counts.
            if (slot == saved_slot_.load(std::memory_order_relaxed)) return;
            saved_slot_.store(-1, std::memory_order_relaxed);
            player_.want(slot);
        }
        values_[index].store(value, std::memory_order_relaxed);
        if (knob.role == Role::engine) player_.set(knob.parameter, value);
    }

    void initState(std::uint32_t, State& state) override {
        state.key = saved_instrument;
        state.label = "Instrument";
        state.defaultValue = "";
        state.hints = kStateIsOnlyForDSP;
    }

    // "SLOT NAME": the number that the host saves too, and what it meant.
    String getState(const char* key) const override {
        if (std::string(key) != saved_instrument) return String();
        const int slot = player_.wanted();
        return String((std::to_string(slot) + " " + player_.shelf().name(slot)).c_str());
    }

    void setState(const char* key, const char* value) override {
        if (std::string(key) != saved_instrument) return;
        const std::string text = value;
        const std::size_t space = text.find(' ');
        if (space == std::string::npos) return;
        const int saved = std::atoi(text.c_str());
        const int slot = player_.shelf().find(text.substr(space + 1));
        if (slot < 0) return;  // it isn't on this machine: the number is the best guess
        saved_slot_.store(saved == slot ? -1 : saved, std::memory_order_relaxed);
        player_.want(slot);
        for (int i = 0; i < n_knobs; ++i) {
            if (knobs[i].role == Role::instrument) values_[i].store(static_cast<float>(slot));
        }
        player_.wait_until_loaded();  // so that a sound that is rendered at once has it
    }

    void activate() override {
        player_.activate(getSampleRate());
        dry_.prepare(getSampleRate());
        midi_.reset();
        setLatency(static_cast<std::uint32_t>(player_.latency_samples()));
    }

#if DISTRHO_PLUGIN_WANT_MIDI_INPUT
    void run(const float**, float** outputs, std::uint32_t frames, const MidiEvent* events,
             std::uint32_t n_events) override {
        play(nullptr, outputs, frames, events, n_events);
    }
#else
    void run(const float** inputs, float** outputs, std::uint32_t frames) override {
        play(inputs, outputs, frames, nullptr, 0);
    }
#endif

    // Hosts ask for the latency before they activate, and some never again.
    void sampleRateChanged(double sample_rate) override {
        player_.activate(sample_rate);
        setLatency(static_cast<std::uint32_t>(player_.latency_samples()));
    }

private:
    float value_of(Role role, float otherwise) const noexcept {
        for (int i = 0; i < n_knobs; ++i) {
            if (knobs[i].role == role) return values_[i].load(std::memory_order_relaxed);
        }
        return otherwise;
    }

    void show(Role role, float value) noexcept {
        for (int i = 0; i < n_knobs; ++i) {
            if (knobs[i].role == role) values_[i].store(value, std::memory_order_relaxed);
        }
    }

    void play(const float** inputs, float** outputs, std::uint32_t frames, const MidiEvent* events,
              std::uint32_t n_events) noexcept {
        midi_.set_bend_range(value_of(Role::bend_range, 2.0f));
        midi_.set_mpe(value_of(Role::mpe, 0.0f) > 0.5f);
        if (ddsp::Engine* next = player_.take_over()) {
            midi_.tell_all(*next);
            setLatency(static_cast<std::uint32_t>(player_.latency_samples()));
        }
        const int late = player_.latency_samples();
        const bool bypassed = value_of(Role::bypass, 0.0f) > 0.5f;
        const float share = bypassed ? 0.0f : DDSP_EFFECT ? player_.get(ddsp::Parameter::wet) : 1.0f;
        float heard[Player::longest_block], played[Player::longest_block];
        std::uint32_t event = 0;
        for (std::uint32_t at = 0; at < frames; at += Player::longest_block) {
            const int n = static_cast<int>(std::min<std::uint32_t>(frames - at, Player::longest_block));
            for (; event < n_events && (events[event].frame < at + n || at + n == frames); ++event) {
                const int offset = std::min(static_cast<int>(events[event].frame - at), n - 1);
                if (events[event].size > MidiEvent::kDataSize) continue;  // system exclusive
                midi_.hear(events[event].data, static_cast<int>(events[event].size), offset,
                           player_.engine(), player_.fading());
            }
            // Outputs may be the inputs: these are read first.
            for (int i = 0; i < n; ++i) heard[i] = inputs ? 0.5f * (inputs[0][at + i] + inputs[1][at + i]) : 0.0f;
            player_.process(inputs ? heard : nullptr, played, n);
            for (int i = 0; i < n; ++i) {
                float left = inputs ? inputs[0][at + i] : 0.0f, right = inputs ? inputs[1][at + i] : 0.0f;
                dry_.mix(played[i], share, late, left, right);
                outputs[0][at + i] = left;
                outputs[1][at + i] = right;
            }
        }
        if (ddsp::Engine* engine = player_.engine()) {
            show(Role::pitch_meter, std::min(std::max(engine->f0_hz(), 0.0f), 5000.0f));
            show(Role::level_meter, std::min(std::max(engine->loudness_db(), -80.0f), 20.0f));
        }
    }

    Player player_;
    MidiInput midi_;
    DryLine dry_;
    std::atomic<float> values_[n_knobs];
    std::atomic<int> saved_slot_{-1};
};

Plugin* createPlugin() { return new DdspPlugin(); }

END_NAMESPACE_DISTRHO
