// Plays an instrument of ddsp_tf: sound, notes, or pitch and loudness in; the instrument out.
//
// Lifetimes. An `Instrument` is read once and never changes; any number of voices and engines, on
// any threads, share it and keep it alive. It must not be the audio thread that lets go of the last
// one, since that frees memory.
//
// Threads. Constructors allocate and may throw `std::bad_alloc`; call them, and `Instrument::open`,
// away from the audio thread. One thread at a time calls `process`, `reset`, and what sends notes.
// They never allocate, lock, wait, touch files or throw. Parameters (`Engine::set`) may be set from
// any thread at any time; a frame of the model reads each once.
//
// Time. A model makes frames of `hop_length` samples at its own rate. Notes and parameters take
// effect at the next frame, 4 ms away at most in the instruments that ship.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace ddsp {

struct InstrumentData;

// A `.ddsp` file in memory, checked from end to end.
class Instrument {
public:
    // Reads a file. Gives nothing, and says why in `error`, if it is missing, damaged, foreign or
    // made by a newer version; memory is taken only for sizes that the file can fill.
    static std::shared_ptr<const Instrument> open(const std::string& path, std::string& error);

    // The same for a file's bytes, which may go afterwards.
    static std::shared_ptr<const Instrument> read(const void* bytes, std::size_t n_bytes,
                                                  std::string& error);

    const std::string& title() const noexcept;
    const std::string& licence() const noexcept;
    const std::string& facts() const noexcept;  // all that the file says of itself, JSON in UTF-8
    int sample_rate() const noexcept;           // in Hz
    int hop_length() const noexcept;            // samples a frame
    int n_harmonics() const noexcept;
    int n_noise_bands() const noexcept;         // 0: no noise
    int n_room_taps() const noexcept;           // 0: no room
    // Whether the file has a pitch tracker. Without one, `Source::audio` plays nothing of its own.
    bool can_hear() const noexcept;
    // What the instrument was trained on, all but the outermost percent; false if it isn't known.
    bool f0_hz_range(float& lowest, float& highest) const noexcept;
    bool loudness_db_range(float& softest, float& loudest) const noexcept;

    explicit Instrument(std::unique_ptr<InstrumentData> data);
    ~Instrument();
    const InstrumentData& data() const noexcept { return *data_; }

private:
    std::unique_ptr<InstrumentData> data_;
};

using InstrumentPointer = std::shared_ptr<const Instrument>;

// One voice at the model's own rate: frames of pitch and loudness in, as many hops of sound out.
// It plays what `ddsp_tf.inference.Streamer` plays, to -80 dB.
class Voice {
public:
    explicit Voice(InstrumentPointer instrument, bool room = true);
    ~Voice();
    Voice(Voice&&) noexcept;
    Voice& operator=(Voice&&) noexcept;

    // `f0_hz` and `loudness_db` are `[n_frames]`, `audio` is `[n_frames * hop_length]`. Pitches
    // beyond 0 to 20,000 Hz and levels beyond -1000 to 20 dB are brought to the nearest of them.
    void process(const float* f0_hz, const float* loudness_db, int n_frames,
                 float* audio) noexcept;
    void reset() noexcept;
    int latency_samples() const noexcept;  // at the model's rate

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

// What is heard: sound, two numbers, or notes.
enum class Source { audio, controls, notes };

struct Setup {
    double sample_rate = 48000.0;  // of the host, 1000 to 768,000 Hz
    Source source = Source::audio;
    int most_voices = 16;          // that notes may have, 1 to 64; `Parameter::voices` takes fewer
    bool limiter = true;           // turns peaks down to -1 dBFS, 5 ms later
};

enum class Parameter {
    octave,         // -4 to 4, whole numbers
    transpose,      // -24 to 24 semitones
    tuning,         // -100 to 100 cents
    loudness,       // -40 to 40 dB, before the instrument: softer is another colour too
    dynamics,       // 0 to 4: how far levels are from the instrument's middle one; 1 is as played
    attack,         // 0.001 to 2 s, of notes: time to full loudness; 0.02
    release,        // 0.005 to 5 s: time of fading after a note; 0.06
    vibrato_rate,   // 0.1 to 20 Hz; 5.5
    vibrato_depth,  // 0 to 200 cents up and down; 0
    vibrato_delay,  // 0 to 5 s from the onset, after which it grows for half a second; 0.3
    noise,          // 0 to 4, gain of the filtered noise; 1
    room,           // 0 to 4, gain of the instrument's room; 1
    wet,            // 0 to 1: 0 is the sound that came in, 1 the instrument; 1
    gate,           // 0 or 1: whether what is no note is made 60 dB softer; 1
    voices,         // 1 to `most_voices`: 1 plays a melody, in which notes are slurred
    output,         // -60 to 24 dB, after the instrument
    count
};

// What a parameter may be, and what it is at first.
struct ParameterRange {
    const char* name;
    const char* unit;
    float lowest, highest, usual;
    bool whole;
};
const ParameterRange& parameter_range(Parameter parameter) noexcept;

// An instrument at the host's rate.
class Engine {
public:
    explicit Engine(InstrumentPointer instrument, const Setup& setup = {});
    ~Engine();
    Engine(Engine&&) noexcept;
    Engine& operator=(Engine&&) noexcept;

    // Plays `n_samples` of mono sound, any number. `input` is read by `Source::audio` alone, and
    // may be `output`, or null for silence.
    void process(const float* input, float* output, int n_samples) noexcept;
    void reset() noexcept;  // to silence; parameters stay

    // Samples of the host between what is given and what is heard of it.
    int latency_samples() const noexcept;

    void set(Parameter parameter, float value) noexcept;  // brought into its range; NaN is ignored
    float get(Parameter parameter) const noexcept;

    // Notes. `offset` is the sample of the next `process` call at which something happens; give
    // them in order. False: more than 1024 wait already, and this one was left out.
    // `channel` is 0 to 15; -1 means all of them.
    bool note_on(int channel, int key, float velocity, int offset = 0) noexcept;  // 0 to 1
    bool note_off(int channel, int key, int offset = 0) noexcept;
    bool sustain(int channel, bool down, int offset = 0) noexcept;
    bool bend(int channel, float semitones, int offset = 0) noexcept;
    bool expression(int channel, float db, int offset = 0) noexcept;  // added to the loudness
    bool vibrato(int channel, float cents, int offset = 0) noexcept;  // added to the depth
    bool all_notes_off(int offset = 0) noexcept;                      // released, with their ends

    // `Source::controls`: what the next frames play.
    void control(float f0_hz, float loudness_db) noexcept;

    // For meters, of the newest frame: may be read from any thread.
    float f0_hz() const noexcept;
    float loudness_db() const noexcept;
    float confidence() const noexcept;  // of `Source::audio`, 0 to 1
    int n_sounding() const noexcept;    // voices

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace ddsp
