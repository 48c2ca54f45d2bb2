// What any host may ask: blocks and rates of all sorts, reset, latency, notes, parameters.
#include <algorithm>

#include "check.hpp"
#include "fft.hpp"
#include "kernels.hpp"
#include "limiter.hpp"
#include "pi.hpp"
#include "resampler.hpp"
#include "room.hpp"

namespace {

using ddsp::Engine;
using ddsp::InstrumentPointer;
using ddsp::Parameter;
using ddsp::pi;
using ddsp::Setup;
using ddsp::Source;

Setup setup_of(Source source, double rate, bool limiter = false) {
    Setup setup;
    setup.source = source;
    setup.sample_rate = rate;
    setup.limiter = limiter;
    setup.most_voices = 4;
    return setup;
}

// A scene of notes or sound, in blocks of one size, or of any for 0.
std::vector<float> play(Engine& engine, const std::vector<float>& input, int block) {
    std::vector<float> output(input.size());
    test::Random random(3);
    struct Note { int at, key; bool on; };
    const Note notes[] = {{100, 60, true}, {1500, 64, true}, {3000, 67, true}, {4000, 60, false},
                          {5000, 64, false}, {5200, 72, true}, {9000, 67, false}, {9000, 72, false}};
    std::size_t next = 0;
    const int n = static_cast<int>(input.size());
    for (int at = 0; at < n;) {
        const int count = std::min(n - at, block ? block : 1 + random.below(700));
        while (next < std::size(notes) && notes[next].at < at + count) {
            const Note& note = notes[next++];
            if (note.on) engine.note_on(0, note.key, 0.7f, note.at - at);
            else engine.note_off(0, note.key, note.at - at);
        }
        engine.control(440.0f, -20.0f);
        engine.process(input.data() + at, output.data() + at, count);
        at += count;
    }
    return output;
}

double level(const std::vector<float>& audio, std::size_t from = 0) {
    double sum = 0.0;
    for (std::size_t i = from; i < audio.size(); ++i) sum += static_cast<double>(audio[i]) * audio[i];
    return std::sqrt(sum / static_cast<double>(std::max<std::size_t>(1, audio.size() - from)));
}

void check_blocks_and_reset(const InstrumentPointer& instrument) {
    const int n = 12000;
    for (const Source source : {Source::audio, Source::controls, Source::notes}) {
        for (const double rate : {48000.0, 44100.0, 16000.0, 96000.0, 22050.0, 44100.5, 8000.0}) {
            const std::vector<float> input = test::melody(rate, n / rate);
            Engine engine(instrument, setup_of(source, rate, rate == 48000.0));
            const std::vector<float> whole = play(engine, input, n);
            CHECK(level(whole) > 1e-4, "source %d at %g Hz is silent", static_cast<int>(source), rate);
            for (const int block : {0, 1, 64, 1000, 8192}) {
                if (block == 1 && rate != 44100.0) continue;
                engine.reset();
                const std::vector<float> again = play(engine, input, block);
                CHECK(again == whole, "source %d at %g Hz in blocks of %d", static_cast<int>(source),
                      rate, block);
            }
            // In place, as many hosts do.
            engine.reset();
            std::vector<float> same = input;
            if (source != Source::audio) continue;
            for (int at = 0; at < n; at += 512) {
                engine.process(same.data() + at, same.data() + at, std::min(512, n - at));
            }
            CHECK(same == whole, "in place at %g Hz", rate);
        }
    }
}

void check_latency(const InstrumentPointer& instrument) {
    for (const double rate : {48000.0, 44100.0, 16000.0}) {
        for (const bool limiter : {false, true}) {
            // What came in is heard so much later when nothing is wet.
            Engine engine(instrument, setup_of(Source::audio, rate, limiter));
            engine.set(Parameter::wet, 0.0f);
            engine.reset();
            const int latency = engine.latency_samples();
            std::vector<float> click(static_cast<std::size_t>(latency) + 500);
            click[100] = 0.5f;
            engine.process(click.data(), click.data(), static_cast<int>(click.size()));
            const auto loudest = std::max_element(click.begin(), click.end()) - click.begin();
            CHECK(loudest == 100 + latency && *std::max_element(click.begin(), click.end()) == 0.5f,
                  "%g Hz: at %ld, latency %d", rate, static_cast<long>(loudest), latency);

            // And a level that leaps is heard as long after as is said, to a hop and its glide.
            Engine played(instrument, setup_of(Source::controls, rate, limiter));
            played.set(Parameter::noise, 0.0f);
            const int before = static_cast<int>(rate / 2), n = static_cast<int>(rate / 4);
            std::vector<float> soft(static_cast<std::size_t>(before)), loud(static_cast<std::size_t>(n));
            played.control(440.0f, -80.0f);
            played.process(nullptr, soft.data(), before);
            const double floor = level(soft, soft.size() / 2);
            played.control(440.0f, -15.0f);
            played.process(nullptr, loud.data(), n);
            int first = 0;
            while (first < n - 1 && std::fabs(loud[static_cast<std::size_t>(first)]) < 10.0 * floor + 2e-3) ++first;
            const double hop = instrument->hop_length() * rate / instrument->sample_rate();
            CHECK(first > played.latency_samples() - 1.2 * hop && first < played.latency_samples() + 1.5 * hop,
                  "%g Hz: heard after %d, latency %d", rate, first, played.latency_samples());
        }
    }
}

void check_notes(const InstrumentPointer& instrument) {
    const double rate = instrument->sample_rate();
    const auto run = [](Engine& engine, int n) {
        std::vector<float> audio(static_cast<std::size_t>(n));
        engine.process(nullptr, audio.data(), n);
        return audio;
    };
    const auto f0_after = [&](Engine& engine) { run(engine, 800); return engine.f0_hz(); };
    Engine engine(instrument, setup_of(Source::notes, rate));
    CHECK(level(run(engine, 8000)) == 0.0, "something sounds without a note");
    for (int key = 60; key < 66; ++key) engine.note_on(0, key, 0.8f);
    run(engine, 800);
    CHECK(engine.n_sounding() == 4, "%d voices", engine.n_sounding());
    engine.set(Parameter::voices, 2.0f);
    run(engine, 4000);
    CHECK(engine.n_sounding() == 2, "%d voices", engine.n_sounding());
    engine.all_notes_off();
    run(engine, 4000);
    CHECK(engine.n_sounding() == 0, "%d voices", engine.n_sounding());
    run(engine, 2 * instrument->n_room_taps() + 8192);
    CHECK(level(run(engine, 4000)) < 1e-7, "it doesn't fall silent: %g", level(run(engine, 4000)));

    // One voice: a melody of the highest notes, slurred.
    engine.set(Parameter::voices, 1.0f);
    engine.note_on(0, 69, 0.8f);
    CHECK(std::fabs(f0_after(engine) - 440.0f) < 0.01f, "%g Hz", engine.f0_hz());
    engine.note_on(0, 60, 0.8f);
    CHECK(std::fabs(f0_after(engine) - 440.0f) < 0.01f, "a lower note: %g Hz", engine.f0_hz());
    run(engine, 4000);
    engine.note_off(0, 69);
    run(engine, 4000);
    CHECK(engine.n_sounding() == 0, "a lower note from long ago sounds");
    engine.note_off(0, 60);
    engine.note_on(0, 69, 0.8f);
    run(engine, 4000);
    engine.note_on(0, 57, 0.8f);
    run(engine, 320);
    engine.note_off(0, 69);
    CHECK(std::fabs(f0_after(engine) - 220.0f) < 0.01f, "a slur downwards: %g Hz", engine.f0_hz());
    engine.note_on(0, 81, 0.8f);
    CHECK(std::fabs(f0_after(engine) - 880.0f) < 0.01f, "a slur upwards: %g Hz", engine.f0_hz());

    // Bends, sustain, transposition, vibrato.
    engine.bend(0, -12.0f);
    CHECK(std::fabs(f0_after(engine) - 440.0f) < 0.01f, "bent: %g Hz", engine.f0_hz());
    engine.bend(-1, 0.0f);
    engine.set(Parameter::octave, 1.0f);
    engine.set(Parameter::transpose, -2.0f);
    engine.set(Parameter::tuning, 50.0f);
    const double expected = 440.0 * std::exp2(1.0 + (12.0 - 2.0 + 0.5) / 12.0);
    CHECK(std::fabs(f0_after(engine) - expected) < 0.1, "%g Hz, expected %g", engine.f0_hz(), expected);
    for (const Parameter p : {Parameter::octave, Parameter::transpose, Parameter::tuning}) engine.set(p, 0.0f);
    engine.sustain(0, true);
    engine.note_off(0, 81);
    run(engine, 4000);
    CHECK(engine.n_sounding() == 1, "the pedal holds nothing");
    engine.sustain(0, false);
    run(engine, 4000);
    CHECK(engine.n_sounding() == 0, "the pedal holds for ever");
    engine.note_on(0, 69, 0.8f);
    engine.set(Parameter::vibrato_depth, 50.0f);
    run(engine, static_cast<int>(rate));
    float low = 1e9f, high = 0.0f;
    for (int i = 0; i < 200; ++i) {
        run(engine, 64);
        low = std::min(low, engine.f0_hz());
        high = std::max(high, engine.f0_hz());
    }
    CHECK(std::fabs(1200.0 * std::log2(high / low) - 100.0) < 3.0, "%g to %g Hz", low, high);

    // Louder for a higher velocity, and by the loudness; a full queue says so.
    double levels[3];
    for (int i = 0; i < 3; ++i) {
        Engine one(instrument, setup_of(Source::notes, rate));
        if (i == 2) one.set(Parameter::loudness, 6.0f);
        one.note_on(0, 72, i ? 0.8f : 0.2f);
        levels[i] = level(run(one, 8000));
    }
    CHECK(levels[0] < levels[1] && levels[1] < levels[2], "%g %g %g", levels[0], levels[1], levels[2]);
    int n_taken = 0;
    while (engine.note_on(0, 60, 0.5f, 10)) ++n_taken;
    CHECK(n_taken == 1024, "%d events", n_taken);
    CHECK(!engine.note_on(16, 60, 0.5f) && !engine.note_on(0, 128, 0.5f) && !engine.bend(-2, 1.0f),
          "channels and keys that there are none of");
}

void check_parameters(const InstrumentPointer& instrument) {
    Engine engine(instrument, setup_of(Source::audio, 48000.0));
    for (int i = 0; i < static_cast<int>(Parameter::count); ++i) {
        const auto parameter = static_cast<Parameter>(i);
        const ddsp::ParameterRange& range = ddsp::parameter_range(parameter);
        CHECK(engine.get(parameter) == range.usual, "%s", range.name);
        engine.set(parameter, 1e9f);
        CHECK(engine.get(parameter) == range.highest, "%s", range.name);
        engine.set(parameter, -1e9f);
        CHECK(engine.get(parameter) == range.lowest, "%s", range.name);
        engine.set(parameter, NAN);
        CHECK(engine.get(parameter) == range.lowest, "%s", range.name);
    }
    // Sound that is no number, and more than full scale, comes to no harm.
    std::vector<float> wild(20000);
    test::Random random;
    for (float& x : wild) {
        const int kind = random.below(8);
        x = kind == 0 ? NAN : kind == 1 ? INFINITY : kind == 2 ? 1e30f : random.uniform();
    }
    Engine limited(instrument, setup_of(Source::audio, 48000.0, true));
    for (const float wet : {1.0f, 0.5f}) {
        limited.set(Parameter::wet, wet);
        std::vector<float> audio = wild;
        limited.process(audio.data(), audio.data(), static_cast<int>(audio.size()));
        float highest = 0.0f;
        for (const float x : audio) highest = std::isfinite(x) ? std::max(highest, std::fabs(x)) : 1e9f;
        CHECK(highest <= 0.8913f, "%g", highest);
    }
    // And it plays on as if nothing had been: pitch and loudness forget.
    limited.set(Parameter::wet, 1.0f);
    const std::vector<float> melody = test::melody(48000.0, 2.0);
    std::vector<float> audio = melody;
    limited.process(audio.data(), audio.data(), static_cast<int>(audio.size()));
    CHECK(level(audio, 48000) > 1e-3, "%g", level(audio, 48000));
}

void check_resampler() {
    for (const auto& [from, to] : {std::pair{16000.0, 48000.0}, {48000.0, 16000.0}, {16000.0, 44100.0},
                                   {44100.0, 16000.0}, {48000.0, 44100.5}, {16000.0, 8000.0}}) {
        for (const bool in_time : {false, true}) {
            ddsp::Resampler resampler(from, to, in_time);
            const double low_rate = std::min(from, to), hz = 0.2 * low_rate;
            double worst = 0.0, sum = 0.0;
            int n_out = 0;
            for (int n = 0; n < 20000; ++n) {
                resampler.push(static_cast<float>(std::sin(2.0 * pi * hz * n / from)));
                while (resampler.is_ready()) {
                    const double t = n_out / to - (in_time ? 0.0 : resampler.reach() / from);
                    const double expected = std::sin(2.0 * pi * hz * t);
                    const double found = resampler.next();
                    if (n > 1000) {
                        worst = std::max(worst, std::fabs(found - expected));
                        sum += 1.0;
                    }
                    ++n_out;
                }
            }
            CHECK(sum > 1000.0 && test::decibels(worst) < -80.0, "%g to %g: %.1f dB", from, to,
                  test::decibels(worst));
            // No sample too many or too few.
            const double expected = (20000.0 - (in_time ? resampler.reach() : 0.0)) * to / from;
            CHECK(std::fabs(n_out - expected) <= 1.0, "%d of %g samples", n_out, expected);
        }
    }
    // What lies above the lower Nyquist frequency is gone.
    ddsp::Resampler down(48000.0, 16000.0, false);
    double heard = 0.0;
    for (int n = 0; n < 10000; ++n) {
        down.push(static_cast<float>(std::sin(2.0 * pi * 8500.0 * n / 48000.0)));
        while (down.is_ready()) {
            const double y = down.next();
            if (n > 1000) heard = std::max(heard, std::fabs(y));
        }
    }
    CHECK(test::decibels(heard) < -80.0, "an alias of %.1f dB", test::decibels(heard));
}

void check_room() {
    test::Random random;
    for (const int n_taps : {1, 40, 64, 65, 1000, 1024, 1025, 5000}) {
        ddsp::Floats taps;
        for (int i = 0; i < n_taps; ++i) taps.push_back(random.uniform());
        std::vector<float> input(7000), output(input.size());
        for (float& x : input) x = random.uniform();
        ddsp::Room room(taps);
        for (std::size_t at = 0; at < input.size();) {
            const int n = std::min<int>(1 + random.below(150), static_cast<int>(input.size() - at));
            room.process(input.data() + at, output.data() + at, n);
            at += static_cast<std::size_t>(n);
        }
        double worst = 0.0;
        for (std::size_t n = 0; n < input.size(); n += 13) {
            double sum = 0.0;
            for (std::size_t t = 0; t < taps.size() && t <= n; ++t) sum += static_cast<double>(taps[t]) * input[n - t];
            worst = std::max(worst, std::fabs(sum - output[n]));
        }
        CHECK(worst < 1e-5 * std::sqrt(n_taps) + 1e-6, "%d taps: %g", n_taps, worst);
    }
}

void check_limiter() {
    ddsp::Limiter limiter(48000.0);
    const int late = limiter.latency_samples();
    CHECK(late == 240, "%d", late);
    std::vector<float> input(30000), output;
    for (std::size_t i = 0; i < input.size(); ++i) {
        const double level = i > 10000 && i < 20000 ? 4.0 : 0.5;
        input[i] = static_cast<float>(level * std::sin(2.0 * pi * 220.0 * static_cast<double>(i) / 48000.0));
    }
    for (const float x : input) output.push_back(limiter.process(x));
    for (std::size_t i = 0; i < output.size(); ++i) {
        CHECK(std::fabs(output[i]) <= 0.8913f, "%zu: %g", i, output[i]);
        if (i > 300 && i < 10000) CHECK(output[i] == input[i - 240], "%zu was touched", i);
    }
}

void check_kernels() {
    if (ddsp::kernels().name == std::string("baseline")) return;
    const ddsp::Kernels &fast = ddsp::kernels(), &plain = ddsp::baseline_kernels;
    test::Random random;
    const auto filled = [&random](int n) {
        ddsp::Floats values(static_cast<std::size_t>(n));
        for (float& x : values) x = random.uniform();
        return values;
    };
    const auto compare = [](const ddsp::Floats& a, const ddsp::Floats& b, const char* what) {
        double worst = 0.0;
        for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::fabs(static_cast<double>(a[i]) - b[i]));
        CHECK(worst < 2e-5, "%s: %g", what, worst);
    };
    const ddsp::Floats w = filled(3 * 50 * 32), x = filled(600), s = filled(64);
    for (int n = 1; n <= 4; ++n) {
        ddsp::Floats first = filled(4 * 96), second = first;
        const float* inputs[] = {x.data(), x.data() + 50, x.data() + 100, x.data() + 150};
        float* to_first[] = {&first[0], &first[96], &first[192], &first[288]};
        float* to_second[] = {&second[0], &second[96], &second[192], &second[288]};
        fast.multiply(w.data(), 50, 3, inputs, to_first, n);
        plain.multiply(w.data(), 50, 3, inputs, to_second, n);
        compare(first, second, "multiply");
    }
    ddsp::Floats first = filled(64), second = first;
    fast.convolve_tile(w.data(), 16, 100, x.data(), 7, first.data(), 16);
    plain.convolve_tile(w.data(), 16, 100, x.data(), 7, second.data(), 16);
    compare(first, second, "convolve_tile");
    first = second = filled(37);
    for (float& value : first) value *= 30.0f;
    second = first;
    ddsp::Floats exact = first;
    fast.sigmoid(first.data(), 37);
    plain.sigmoid(second.data(), 37);
    compare(first, second, "sigmoid");
    for (float& value : exact) value = static_cast<float>(1.0 / (1.0 + std::exp(-static_cast<double>(value))));
    compare(first, exact, "sigmoid");
    first = second = exact = filled(37);
    fast.tanh(first.data(), 37);
    plain.tanh(second.data(), 37);
    compare(first, second, "tanh");
    for (float& value : exact) value = std::tanh(value);
    compare(first, exact, "tanh");
    CHECK(std::fabs(fast.dot(w.data(), x.data(), 480) - plain.dot(w.data(), x.data(), 480)) < 1e-4, "dot");
    first = second = filled(50);
    fast.max_plus(x.data(), w.data(), 23, first.data(), 50);
    plain.max_plus(x.data(), w.data(), 23, second.data(), 50);
    CHECK(first == second, "max_plus");
}

void check_fft() {
    test::Random random;
    for (const int n : {1, 2, 8, 256}) {
        ddsp::Fft fft(n);
        std::vector<float> re, im;
        for (int i = 0; i < n; ++i) re.push_back(random.uniform()), im.push_back(random.uniform());
        std::vector<float> to_re = re, to_im = im;
        fft.forward(to_re.data(), to_im.data());
        for (int k = 0; k < n; ++k) {
            double a = 0.0, b = 0.0;
            for (int i = 0; i < n; ++i) {
                const double angle = -2.0 * pi * k * i / n;
                const std::size_t at = static_cast<std::size_t>(i);
                a += re[at] * std::cos(angle) - im[at] * std::sin(angle);
                b += re[at] * std::sin(angle) + im[at] * std::cos(angle);
            }
            const std::size_t at = static_cast<std::size_t>(k);
            CHECK(std::hypot(a - to_re[at], b - to_im[at]) < 1e-4, "bin %d of %d", k, n);
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    test::require_arguments(argc);
    check_fft();
    check_kernels();
    check_resampler();
    check_room();
    check_limiter();
    const auto violin = test::open(std::string(argv[2]) + "/violin.ddsp");
    const auto toy = test::open(std::string(argv[2]) + "/toy.ddsp");
    check_latency(violin);
    check_parameters(violin);
    check_notes(violin);
    check_blocks_and_reset(violin);
    Engine deaf(toy, setup_of(Source::audio, 48000.0));
    std::vector<float> audio = test::melody(48000.0, 0.2);
    deaf.process(audio.data(), audio.data(), static_cast<int>(audio.size()));
    CHECK(level(audio) == 0.0, "an instrument without a tracker plays what it can't hear");
    return test::finish();
}
