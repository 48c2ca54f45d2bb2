#include <algorithm>
#include <atomic>
#include <cmath>

#include "ddsp_engine.hpp"
#include "denormals.hpp"
#include "events.hpp"
#include "gate.hpp"
#include "hop_player.hpp"
#include "limiter.hpp"
#include "performer.hpp"

namespace ddsp {
namespace {

constexpr int n_parameters = static_cast<int>(Parameter::count);
constexpr double lowest_midi = 0.0, highest_midi = 110.0;
constexpr float silence_db = -80.0f, gated_db = 60.0f, wet_glide_s = 0.01f, loudest_input = 100.0f;

// Far beyond full scale there is nothing to hear, but squares would be no numbers any more.
float sensible(float sample) noexcept {
    return std::isfinite(sample) ? std::min(std::max(sample, -loudest_input), loudest_input) : 0.0f;
}

}  // namespace

struct Engine::Parts {
    InstrumentPointer instrument;
    Setup setup;
    std::atomic<float> parameters[n_parameters];
    std::atomic<float> f0_hz{0.0f}, loudness_db{silence_db}, confidence{0.0f};
    std::atomic<int> n_sounding{0};
    std::atomic<float> control_hz{440.0f}, control_db{silence_db};

    HopPlayer player;
    Performer performer;
    Events events;
    std::unique_ptr<FrontEnd> front_end;
    Gate gate;
    std::unique_ptr<Resampler> to_model, from_model;
    std::unique_ptr<Limiter> limiter;

    int hop, n_late;              // frames from hearing a sound to telling the voice
    int hop_at;                   // samples of the hop that were given
    std::int64_t n_hops = 0;
    double frame_rate;
    double since_open_s = 0.0;    // of the gate, for the vibrato
    float wet = 1.0f, wet_step;
    Floats hop_audio, dry;        // `dry` is a ring that delays what came in
    int dry_at = 0, latency = 0, n_voices = 0;

    Parts(InstrumentPointer from, const Setup& wanted)
        : instrument(std::move(from)),
          setup(wanted),
          player(instrument->data(), wanted.source == Source::notes ? voices_of(wanted) : 1),
          performer(instrument->data(), wanted.source == Source::notes ? voices_of(wanted) : 1),
          gate(static_cast<double>(instrument->sample_rate()) / instrument->hop_length()),
          hop(instrument->hop_length()),
          frame_rate(static_cast<double>(instrument->sample_rate()) / hop),
          hop_audio(static_cast<std::size_t>(hop)) {
        for (int i = 0; i < n_parameters; ++i) {
            parameters[i].store(parameter_range(static_cast<Parameter>(i)).usual);
        }
        setup.sample_rate = setup.sample_rate > 1000.0 ? std::min(setup.sample_rate, 768000.0) : 1000.0;
        const double model_rate = instrument->sample_rate();
        if (setup.sample_rate != model_rate) {
            from_model = std::make_unique<Resampler>(model_rate, setup.sample_rate, false);
        }
        n_late = 0;
        if (setup.source == Source::audio && instrument->can_hear()) {
            front_end = std::make_unique<FrontEnd>(instrument->data());
            double ahead = front_end->latency_samples();
            if (from_model) {
                to_model = std::make_unique<Resampler>(setup.sample_rate, model_rate, true);
                ahead += std::ceil(to_model->reach() * model_rate / setup.sample_rate);
            }
            n_late = static_cast<int>(std::ceil((ahead - 1.0) / hop));
        }
        if (setup.limiter) limiter = std::make_unique<Limiter>(setup.sample_rate);
        wet_step = 1.0f - std::exp(-1.0f / (wet_glide_s * static_cast<float>(setup.sample_rate)));
        double samples = static_cast<double>(n_late + player.lookahead()) * hop;
        if (from_model) samples += from_model->reach();
        latency = static_cast<int>(std::lround(samples * setup.sample_rate / model_rate));
        if (limiter) latency += limiter->latency_samples();
        // The limiter is behind the mix, so the sound that came in waits for what is before it.
        const int wait = latency - (limiter ? limiter->latency_samples() : 0);
        dry.resize(static_cast<std::size_t>(std::max(1, wait)));
        reset();
    }

    static int voices_of(const Setup& setup) {
        return std::min(std::max(setup.most_voices, 1), 64);
    }

    float get(Parameter parameter) const noexcept {
        return parameters[static_cast<int>(parameter)].load(std::memory_order_relaxed);
    }

    void reset() noexcept {
        player.reset();
        performer.reset();
        events.clear();
        gate.reset();
        if (front_end) front_end->reset();
        if (to_model) to_model->reset();
        if (from_model) from_model->reset();
        if (limiter) limiter->reset();
        hop_at = hop;
        n_hops = 0;
        since_open_s = 0.0;
        std::fill(dry.begin(), dry.end(), 0.0f);
        dry_at = 0;
        wet = get(Parameter::wet);
        n_voices = 0;
        n_sounding.store(0, std::memory_order_relaxed);
    }

    Manner manner() const noexcept {
        Manner now;
        now.semitones = 12.0f * get(Parameter::octave) + get(Parameter::transpose) +
                        get(Parameter::tuning) / 100.0f;
        now.loudness_db = get(Parameter::loudness);
        now.dynamics = get(Parameter::dynamics);
        now.attack_s = get(Parameter::attack);
        now.release_s = get(Parameter::release);
        now.vibrato_hz = get(Parameter::vibrato_rate);
        now.vibrato_cents = get(Parameter::vibrato_depth);
        now.vibrato_delay_s = get(Parameter::vibrato_delay);
        return now;
    }

    void listen(float sample) noexcept {
        if (!front_end) return;
        if (!to_model) {
            front_end->push(sensible(sample));
            return;
        }
        to_model->push(sensible(sample));
        while (to_model->is_ready()) front_end->push(to_model->next());
    }

    void happen(const Event& event) noexcept {
        switch (event.kind) {
            case Event::Kind::note_on:
                performer.note_on(event.channel, event.key, event.value, n_voices);
                break;
            case Event::Kind::note_off: performer.note_off(event.channel, event.key); break;
            case Event::Kind::sustain: performer.sustain(event.channel, event.value > 0.5f); break;
            case Event::Kind::bend: performer.bend(event.channel, event.value); break;
            case Event::Kind::expression: performer.expression(event.channel, event.value); break;
            case Event::Kind::vibrato: performer.vibrato(event.channel, event.value); break;
            case Event::Kind::all_notes_off: performer.all_notes_off(); break;
        }
    }

    void show(float hz, float db, float sureness, int sounding) noexcept {
        f0_hz.store(hz, std::memory_order_relaxed);
        loudness_db.store(db, std::memory_order_relaxed);
        confidence.store(sureness, std::memory_order_relaxed);
        n_sounding.store(sounding, std::memory_order_relaxed);
    }

    // Shifts a pitch in Hz, and keeps it in the range of the instruments.
    static float shifted(float hz, const Manner& now, float cents) noexcept {
        const double midi = 69.0 + 12.0 * std::log2(std::max(static_cast<double>(hz), 8.1757989) / 440.0) +
                            now.semitones + cents / 100.0;
        const double kept = std::min(std::max(midi, lowest_midi), highest_midi);
        return static_cast<float>(440.0 * std::exp2((kept - 69.0) / 12.0));
    }

    void tell_of_sound(const Manner& now) noexcept {
        if (n_hops < n_late) return;
        // By the choice of `n_late`, the frame is always there.
        if (!front_end || !front_end->is_ready()) return;
        const Frame frame = front_end->next();
        const bool gated = get(Parameter::gate) > 0.5f;
        const float open = gate.gain(frame, now.release_s);
        since_open_s = open > 0.0f ? since_open_s + 1.0 / frame_rate : 0.0;
        const float cents = vibrato_bend(since_open_s, now, now.vibrato_cents);
        float db = with_dynamics(frame.loudness_db, performer.middle_db(), now);
        if (gated) db -= gated_db * (1.0f - open);
        player.tell(0, shifted(frame.f0_hz, now, cents), std::max(db, silence_db), 1.0f);
        show(frame.f0_hz, frame.loudness_db, frame.confidence, open > 0.0f ? 1 : 0);
    }

    void tell_of_controls(const Manner& now) noexcept {
        const float hz = control_hz.load(std::memory_order_relaxed);
        const float db = control_db.load(std::memory_order_relaxed);
        since_open_s = db > silence_db ? since_open_s + 1.0 / frame_rate : 0.0;
        const float cents = vibrato_bend(since_open_s, now, now.vibrato_cents);
        const bool as_given = now.semitones == 0.0f && cents == 0.0f;
        const float level = db > silence_db ? with_dynamics(db, performer.middle_db(), now) : db;
        player.tell(0, as_given ? hz : shifted(hz, now, cents), level, 1.0f);
        show(hz, db, 1.0f, db > silence_db ? 1 : 0);
    }

    void tell_of_notes(const Manner& now) noexcept {
        Played loudest;
        loudest.f0_hz = f0_hz.load(std::memory_order_relaxed);
        int sounding = 0;
        for (int voice = 0; voice < performer.most_voices(); ++voice) {
            Played played;
            if (!performer.play(voice, player.lookahead() + 1, now, played)) continue;
            if (played.starts) player.start(voice);
            player.tell(voice, played.f0_hz, played.loudness_db, played.gain);
            sounding += played.gain > 0.0f;
            if (played.gain > 0.0f && played.loudness_db > loudest.loudness_db) loudest = played;
        }
        performer.advance();
        show(loudest.f0_hz, loudest.loudness_db, sounding ? 1.0f : 0.0f, sounding);
    }

    // Plays the next frame, after all that happened up to a sample of this block.
    void make_hop(int sample) noexcept {
        const int wanted = static_cast<int>(get(Parameter::voices));
        const int now_voices = std::min(wanted, performer.most_voices());
        if (now_voices < n_voices) performer.keep_voices(now_voices);
        n_voices = now_voices;
        while (const Event* event = events.take(sample)) happen(*event);
        const Manner now = manner();
        switch (setup.source) {
            case Source::audio: tell_of_sound(now); break;
            case Source::controls: tell_of_controls(now); break;
            case Source::notes: tell_of_notes(now); break;
        }
        Gains gains;
        gains.noise = get(Parameter::noise);
        gains.room = get(Parameter::room);
        gains.output = std::pow(10.0f, get(Parameter::output) / 20.0f);
        player.play(gains, hop_audio.data());
        hop_at = 0;
        ++n_hops;
    }

    float mixed(float played, float sound) noexcept {
        const float before = dry[static_cast<std::size_t>(dry_at)];
        dry[static_cast<std::size_t>(dry_at)] = sensible(sound);
        dry_at = dry_at + 1 == static_cast<int>(dry.size()) ? 0 : dry_at + 1;
        wet += wet_step * (get(Parameter::wet) - wet);
        const float share = wet > 0.9999f ? 1.0f : wet;
        return share * played + (1.0f - share) * before;
    }

    void process(const float* input, float* output, int n) noexcept {
        const bool hears = setup.source == Source::audio;
        int n_heard = 0;
        for (int i = 0; i < n; ++i) {
            float played;
            const auto next_of_model = [&]() {
                if (hop_at == hop) {
                    for (; hears && n_heard <= i; ++n_heard) listen(input ? input[n_heard] : 0.0f);
                    make_hop(i);
                }
                return hop_audio[static_cast<std::size_t>(hop_at++)];
            };
            if (from_model) {
                while (!from_model->is_ready()) from_model->push(next_of_model());
                played = from_model->next();
            } else {
                played = next_of_model();
            }
            // The samples of the block after this one are still what came in, wherever they lie.
            if (hears) {
                for (; n_heard <= i; ++n_heard) listen(input ? input[n_heard] : 0.0f);
                played = mixed(played, input ? input[i] : 0.0f);
            }
            output[i] = limiter ? limiter->process(played) : played;
        }
        events.advance(n);
    }
};

Engine::Engine(InstrumentPointer instrument, const Setup& setup)
    : parts_(std::make_unique<Parts>(std::move(instrument), setup)) {}
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

void Engine::process(const float* input, float* output, int n_samples) noexcept {
    const NoDenormals guard;
    parts_->process(input, output, n_samples);
}

void Engine::reset() noexcept { parts_->reset(); }

int Engine::latency_samples() const noexcept { return parts_->latency; }

void Engine::set(Parameter parameter, float value) noexcept {
    const int index = static_cast<int>(parameter);
    if (std::isnan(value) || index < 0 || index >= n_parameters) return;
    const ParameterRange& range = parameter_range(parameter);
    const float inside = std::min(std::max(value, range.lowest), range.highest);
    parts_->parameters[index].store(range.whole ? std::nearbyint(inside) : inside,
                                    std::memory_order_relaxed);
}

float Engine::get(Parameter parameter) const noexcept { return parts_->get(parameter); }

namespace {

bool send(Events& events, Event::Kind kind, int channel, int key, float value, int offset) noexcept {
    if (channel < -1 || channel >= Performer::n_channels || std::isnan(value)) return false;
    return events.add({kind, channel, key, std::max(offset, 0), value});
}

}  // namespace

bool Engine::note_on(int channel, int key, float velocity, int offset) noexcept {
    if (channel < 0 || key < 0 || key > 127) return false;
    return send(parts_->events, Event::Kind::note_on, channel, key, velocity, offset);
}

bool Engine::note_off(int channel, int key, int offset) noexcept {
    return send(parts_->events, Event::Kind::note_off, channel, key, 0.0f, offset);
}

bool Engine::sustain(int channel, bool down, int offset) noexcept {
    return send(parts_->events, Event::Kind::sustain, channel, 0, down ? 1.0f : 0.0f, offset);
}

bool Engine::bend(int channel, float semitones, int offset) noexcept {
    return send(parts_->events, Event::Kind::bend, channel, 0, semitones, offset);
}

bool Engine::expression(int channel, float db, int offset) noexcept {
    return send(parts_->events, Event::Kind::expression, channel, 0, db, offset);
}

bool Engine::vibrato(int channel, float cents, int offset) noexcept {
    return send(parts_->events, Event::Kind::vibrato, channel, 0, cents, offset);
}

bool Engine::all_notes_off(int offset) noexcept {
    return send(parts_->events, Event::Kind::all_notes_off, -1, 0, 0.0f, offset);
}

void Engine::control(float f0_hz, float loudness_db) noexcept {
    parts_->control_hz.store(f0_hz, std::memory_order_relaxed);
    parts_->control_db.store(loudness_db, std::memory_order_relaxed);
}

float Engine::f0_hz() const noexcept { return parts_->f0_hz.load(std::memory_order_relaxed); }
float Engine::loudness_db() const noexcept {
    return parts_->loudness_db.load(std::memory_order_relaxed);
}
float Engine::confidence() const noexcept {
    return parts_->confidence.load(std::memory_order_relaxed);
}
int Engine::n_sounding() const noexcept {
    return parts_->n_sounding.load(std::memory_order_relaxed);
}

}  // namespace ddsp
