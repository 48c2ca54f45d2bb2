// The numbers of docs/contract_vectors.json, which any host should get.
#include <algorithm>

#include "check.hpp"
#include "crepe.hpp"
#include "decoder.hpp"
#include "filtered_noise.hpp"
#include "harmonic.hpp"
#include "json.hpp"
#include "loudness.hpp"
#include "pitch_path.hpp"
#include "room.hpp"
#include "synthesizer.hpp"

namespace {

using ddsp::Json;
using test::n_failures;

void close(float found, double expected, double tolerance, const char* what, std::size_t at) {
    CHECK(std::fabs(found - expected) <= tolerance, "%s[%zu] is %.9g, expected %.9g", what, at,
          static_cast<double>(found), expected);
}

std::vector<float> numbers(const Json& list) {
    std::vector<float> values;
    for (const Json& item : list.items) values.push_back(static_cast<float>(item.number));
    return values;
}

void check_scaling(const Json& vectors) {
    const Json& scaling = vectors["scaling"];
    for (std::size_t i = 0; i < scaling["f0_hz"].items.size(); ++i) {
        const float hz = static_cast<float>(scaling["f0_hz"].items[i].number);
        close(ddsp::scale_f0_hz(hz), scaling["f0_scaled"].items[i].number, 1e-6, "f0_scaled", i);
    }
    for (std::size_t i = 0; i < scaling["loudness_db"].items.size(); ++i) {
        const float db = static_cast<float>(scaling["loudness_db"].items[i].number);
        close(ddsp::scale_loudness_db(db), scaling["loudness_scaled"].items[i].number, 1e-6,
              "loudness_scaled", i);
    }
    const Json& sigmoid = vectors["exp_sigmoid"];
    for (std::size_t i = 0; i < sigmoid["x"].items.size(); ++i) {
        const float x = static_cast<float>(sigmoid["x"].items[i].number);
        close(ddsp::exp_sigmoid(x), sigmoid["y"].items[i].number, 1e-6, "exp_sigmoid", i);
    }
}

void check_noise(const Json& vectors) {
    for (const Json& made : vectors["noise"].items) {
        const auto seed = static_cast<std::uint32_t>(static_cast<std::int64_t>(made["seed"].number));
        const auto start = static_cast<std::uint32_t>(static_cast<std::int64_t>(made["start"].number));
        for (std::uint32_t row = 0; row < made["rows"].items.size(); ++row) {
            const std::vector<float> expected = numbers(made["rows"].items[row]);
            for (std::uint32_t i = 0; i < expected.size(); ++i) {
                const float found = ddsp::white_noise(ddsp::noise_key(seed, row), start + i);
                close(found, expected[i], 0.0, "white noise", i);
            }
        }
    }
}

void check_loudness(const Json& vectors) {
    const Json& loudness = vectors["loudness"];
    const std::vector<float> audio = numbers(loudness["audio"]);
    for (const char* name : {"a_weighted", "rms"}) {
        const Json& made = loudness[name];
        const int window = static_cast<int>(made["window"].number);
        const int hop = static_cast<int>(made["hop_length"].number);
        const bool weighted = std::string(name) == "a_weighted";
        ddsp::Loudness meter(weighted ? ddsp::LoudnessKind::a_weighted : ddsp::LoudnessKind::rms,
                             window, static_cast<int>(loudness["sample_rate"].number));
        for (std::size_t i = 0; i < made["loudness_db"].items.size(); ++i) {
            std::vector<float> frame(static_cast<std::size_t>(window));
            for (int j = 0; j < window; ++j) {
                const long at = static_cast<long>(i) * hop - window / 2 + j;
                const bool inside = at >= 0 && at < static_cast<long>(audio.size());
                frame[static_cast<std::size_t>(j)] = inside ? audio[static_cast<std::size_t>(at)] : 0.0f;
            }
            close(meter.measure(frame.data()), made["loudness_db"].items[i].number, 1e-3, name, i);
        }
    }
}

ddsp::InstrumentData described(const Json& made) {
    ddsp::InstrumentData data;
    data.sample_rate = static_cast<int>(made["sample_rate"].number);
    data.hop_length = static_cast<int>(made["hop_length"].number);
    ddsp::Synthesis& synthesis = data.synthesis;
    synthesis.n_harmonics =
        static_cast<int>(made["raw"]["harmonic_distribution"].items[0].items.size());
    synthesis.window_crossfade = made["amplitude_crossfade"].text == "window";
    const Json& noise = made["noise"];
    synthesis.n_bands = static_cast<int>(noise["n_bands"].number);
    synthesis.window_length = static_cast<int>(noise["window_length"].number);
    synthesis.seed = static_cast<unsigned>(static_cast<std::int64_t>(noise["seed"].number));
    synthesis.noise_bias = static_cast<float>(noise["initial_bias"].number);
    synthesis.add_dry = made["reverb"]["add_dry"].truth;
    for (const float tap : numbers(made["reverb"]["impulse_response"])) synthesis.room.push_back(tap);
    synthesis.room[0] = 0.0f;  // the contract's sum begins behind it
    return data;
}

void check_synthesis(const Json& made) {
    const ddsp::InstrumentData data = described(made);
    const std::vector<float> f0_hz = numbers(made["f0_hz"]);
    const int hop = data.hop_length, n_frames = static_cast<int>(f0_hz.size());
    ddsp::Synthesizer both(data, 0);
    ddsp::Harmonic harmonic(data);
    ddsp::FilteredNoise noise(data, 0);
    ddsp::Room room(data.synthesis.room);
    std::vector<float> tone(static_cast<std::size_t>(hop) * n_frames), hiss(tone), sound(tone);
    std::vector<ddsp::Controls> frames;
    const int late = both.lookahead();
    for (int i = 0; i < n_frames + late; ++i) {
        const std::size_t frame = static_cast<std::size_t>(std::min(i, n_frames - 1));
        const auto raw = [&](const char* name) { return numbers(made["raw"][name].items[frame]); };
        const auto amplitude = raw("amplitudes"), shares = raw("harmonic_distribution"),
                   magnitudes = raw("noise_magnitudes");
        ddsp::Controls controls(data.synthesis);
        controls.f0_hz = f0_hz[frame];
        ddsp::finish({amplitude.data(), shares.data(), magnitudes.data(), 0.0f}, data, controls);
        const Json& finished = made["finished"];
        close(controls.amplitude, finished["amplitudes"].items[frame].items[0].number, 2e-5,
              "amplitude", frame);
        for (std::size_t k = 0; k < shares.size(); ++k) {
            close(controls.distribution[k],
                  finished["harmonic_distribution"].items[frame].items[k].number, 2e-5, "share", k);
        }
        for (std::size_t b = 0; b < magnitudes.size(); ++b) {
            close(controls.magnitudes[b], finished["noise_magnitudes"].items[frame].items[b].number,
                  2e-5, "magnitude", b);
        }
        frames.push_back(controls);
        both.next() = controls;
        both.push(1.0f);
        noise.push(controls.magnitudes);
        const int played = i - late;
        if (played < 0) continue;
        const std::size_t at = static_cast<std::size_t>(played) * hop, here = static_cast<std::size_t>(played);
        harmonic.add(frames[here], frames[here + 1], tone.data() + at);
        noise.add(1.0f, 1.0f, hiss.data() + at);
        std::vector<float> dry(static_cast<std::size_t>(hop));
        both.add(1.0f, 1.0f, dry.data());
        room.process(dry.data(), sound.data() + at, hop);
        for (int j = 0; data.synthesis.add_dry && j < hop; ++j) sound[at + j] += dry[static_cast<std::size_t>(j)];
    }
    for (std::size_t i = 0; i < tone.size(); ++i) {
        close(tone[i], made["harmonic"].items[i].number, 2e-5, "harmonic", i);
        close(hiss[i], made["filtered_noise"].items[i].number, 2e-5, "filtered_noise", i);
        close(sound[i], made["audio"].items[i].number, 2e-5, "audio", i);
    }
}

void check_decoder(const Json& vectors, const std::string& folder) {
    const Json& made = vectors["decoder"];
    const auto instrument = test::open(folder + "/" + made["instrument"].text + ".ddsp");
    ddsp::Decoder decoder(instrument->data());
    // Alone, and as one of several that are decoded together.
    for (const int n : {1, 2, 3, 4}) {
        std::vector<ddsp::Floats> memory(4, ddsp::Floats(static_cast<std::size_t>(decoder.n_state())));
        std::vector<ddsp::Controls> controls(4, ddsp::Controls(instrument->data().synthesis));
        for (std::size_t i = 0; i < made["frames"].items.size(); ++i) {
            float *states[4], f0_hz[4], loudness_db[4];
            ddsp::Controls* outputs[4];
            for (int v = 0; v < 4; ++v) {
                states[v] = memory[static_cast<std::size_t>(v)].data();
                outputs[v] = &controls[static_cast<std::size_t>(v)];
                f0_hz[v] = static_cast<float>(made["f0_hz"].items[i].number);
                loudness_db[v] = static_cast<float>(made["loudness_db"].items[i].number);
            }
            decoder.step(states, f0_hz, loudness_db, outputs, n);
            const Json& expected = made["frames"].items[i];
            for (int v = 0; v < n; ++v) {
                close(outputs[v]->amplitude, expected["amplitudes"].items[0].number, 1e-4, "amplitude", i);
                for (std::size_t k = 0; k < 60; ++k) {
                    close(outputs[v]->distribution[k],
                          expected["harmonic_distribution"].items[k].number, 1e-4, "share", k);
                }
                for (std::size_t b = 0; b < 65; ++b) {
                    close(outputs[v]->magnitudes[b], expected["noise_magnitudes"].items[b].number,
                          1e-4, "magnitude", b);
                }
            }
        }
        for (std::size_t i = 0; i < made["first_of_last_state"].items.size(); ++i) {
            close(memory[0][i], made["first_of_last_state"].items[i].number, 1e-4, "state", i);
        }
    }
}

void check_tracker(const Json& vectors, const std::string& folder) {
    const auto instrument = test::open(folder + "/violin.ddsp");
    for (const Json& made : vectors["tracker"]["cases"].items) {
        ddsp::Crepe crepe(instrument->data().tracker, 512);
        test::Random random;
        bool found = false;
        // Frames end 32 samples after a multiple of 160; before this one, something else is heard.
        for (int i = -128; i < 1024; ++i) {
            const double angle = 2.0 * 3.14159265358979323846 * made["tone_hz"].number * i / 16000.0;
            const double tone = 0.5 * std::sin(angle) + 0.25 * std::sin(2.0 * angle);
            found = crepe.push(i < 0 ? random.uniform() : static_cast<float>(tone));
        }
        CHECK(found, "no frame ended");
        const float* salience = crepe.salience();
        const int bin = static_cast<int>(std::max_element(salience, salience + 360) - salience);
        double sum = 0.0, moment = 0.0;
        for (int i = std::max(0, bin - 4); i <= std::min(359, bin + 4); ++i) {
            sum += salience[i];
            moment += salience[i] * (i - bin);
        }
        const double cents = 1997.3794084376191 + 20.0 * (bin + moment / sum);
        close(static_cast<float>(10.0 * std::exp2(cents / 1200.0)), made["f0_hz"].number, 0.1, "f0_hz", 0);
        close(salience[bin], made["f0_confidence"].number, 1e-3, "confidence", 0);
    }
}

}  // namespace

int main(int argc, char** argv) {
    test::require_arguments(argc);
    const std::string text = test::read_file(argv[1]);
    Json vectors;
    std::string error;
    CHECK(Json::parse(text.data(), text.size(), 1000000, vectors, error), "%s", error.c_str());
    check_scaling(vectors);
    check_noise(vectors);
    check_loudness(vectors);
    for (const Json& made : vectors["synthesis"].items) check_synthesis(made);
    check_decoder(vectors, argv[2]);
    check_tracker(vectors, argv[2]);
    return test::finish();
}
