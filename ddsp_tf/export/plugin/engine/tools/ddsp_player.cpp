// Plays files through the engine: raw float32 in, raw float32 out. For tests, and for trying.
#include <cstring>
#include <fstream>
#include <sstream>

#include "ddsp_engine.hpp"
#include "front_end.hpp"
#include "numbers_file.hpp"

namespace {

int usage() {
    std::fputs(
        "ddsp_player facts FILE.ddsp\n"
        "ddsp_player voice FILE.ddsp CONTROLS OUT [dry]          pairs of Hz and dB, a frame each\n"
        "ddsp_player features FILE.ddsp IN OUT                   triples of Hz, confidence and dB\n"
        "ddsp_player effect FILE.ddsp RATE BLOCK IN OUT [NAME=VALUE...]\n"
        "ddsp_player notes FILE.ddsp RATE BLOCK NOTES SECONDS OUT [NAME=VALUE...]\n"
        "    NOTES has a line for each event, in order: SAMPLE on|off|sustain|bend|expression|vibrato\n"
        "    CHANNEL KEY VALUE\n",
        stderr);
    return 2;
}

ddsp::InstrumentPointer open_instrument(const char* path) {
    std::string error;
    auto instrument = ddsp::Instrument::open(path, error);
    if (!instrument) {
        std::fprintf(stderr, "`%s` can't be read. %s\n", path, error.c_str());
        std::exit(1);
    }
    return instrument;
}

// Sets what stands as NAME=VALUE; `limiter=1` switches the limiter on.
void set_parameters(ddsp::Engine& engine, int argc, char** argv, int first) {
    for (int i = first; i < argc; ++i) {
        const char* equals = std::strchr(argv[i], '=');
        const std::string name(argv[i], equals ? static_cast<std::size_t>(equals - argv[i]) : 0);
        bool known = name == "limiter";
        for (int p = 0; p < static_cast<int>(ddsp::Parameter::count); ++p) {
            const auto parameter = static_cast<ddsp::Parameter>(p);
            if (name != ddsp::parameter_range(parameter).name) continue;
            engine.set(parameter, std::strtof(equals + 1, nullptr));
            known = true;
        }
        if (!known) {
            std::fprintf(stderr, "`%s` is no parameter of the engine.\n", argv[i]);
            std::exit(2);
        }
    }
}

ddsp::Setup setup_of(ddsp::Source source, const char* rate, int argc, char** argv) {
    ddsp::Setup setup;
    setup.source = source;
    setup.sample_rate = std::strtod(rate, nullptr);
    setup.limiter = false;
    for (int i = 0; i < argc; ++i) setup.limiter |= !std::strcmp(argv[i], "limiter=1");
    return setup;
}

int play_voice(int argc, char** argv) {
    const auto instrument = open_instrument(argv[2]);
    const std::vector<float> pairs = read_numbers(argv[3]);
    const int n = static_cast<int>(pairs.size() / 2);
    std::vector<float> f0_hz, loudness_db;
    for (int i = 0; i < n; ++i) {
        f0_hz.push_back(pairs[static_cast<std::size_t>(2 * i)]);
        loudness_db.push_back(pairs[static_cast<std::size_t>(2 * i + 1)]);
    }
    ddsp::Voice voice(instrument, argc < 6);
    std::vector<float> audio(static_cast<std::size_t>(n) * instrument->hop_length());
    voice.process(f0_hz.data(), loudness_db.data(), n, audio.data());
    write_numbers(argv[4], audio);
    std::printf("latency %d\n", voice.latency_samples());
    return 0;
}

int find_features(char** argv) {
    const auto instrument = open_instrument(argv[2]);
    ddsp::FrontEnd front_end(instrument->data());
    std::vector<float> found;
    for (const float sample : read_numbers(argv[3])) {
        front_end.push(sample);
        while (front_end.is_ready()) {
            const ddsp::Frame frame = front_end.next();
            found.insert(found.end(), {frame.f0_hz, frame.confidence, frame.loudness_db});
        }
    }
    write_numbers(argv[4], found);
    std::printf("latency %d\n", front_end.latency_samples());
    return 0;
}

int play_effect(int argc, char** argv) {
    const auto instrument = open_instrument(argv[2]);
    ddsp::Engine engine(instrument, setup_of(ddsp::Source::audio, argv[3], argc, argv));
    set_parameters(engine, argc, argv, 7);
    engine.reset();
    std::vector<float> audio = read_numbers(argv[5]);
    const int block = std::max(1, std::atoi(argv[4])), n = static_cast<int>(audio.size());
    for (int at = 0; at < n; at += block) {
        float* here = audio.data() + at;
        engine.process(here, here, std::min(block, n - at));
    }
    write_numbers(argv[6], audio);
    std::printf("latency %d\n", engine.latency_samples());
    return 0;
}

void send(ddsp::Engine& engine, const std::string& kind, int channel, int key, float value, int at) {
    if (kind == "on") engine.note_on(channel, key, value, at);
    else if (kind == "off") engine.note_off(channel, key, at);
    else if (kind == "sustain") engine.sustain(channel, value > 0.5f, at);
    else if (kind == "bend") engine.bend(channel, value, at);
    else if (kind == "expression") engine.expression(channel, value, at);
    else if (kind == "vibrato") engine.vibrato(channel, value, at);
}

int play_notes(int argc, char** argv) {
    const auto instrument = open_instrument(argv[2]);
    ddsp::Engine engine(instrument, setup_of(ddsp::Source::notes, argv[3], argc, argv));
    set_parameters(engine, argc, argv, 8);
    engine.reset();
    const double rate = std::strtod(argv[3], nullptr);
    const int block = std::max(1, std::atoi(argv[4]));
    std::vector<float> audio(static_cast<std::size_t>(rate * std::strtod(argv[6], nullptr)));
    std::ifstream notes(argv[5]);
    long sample = -1;
    int channel = 0, key = 0;
    float value = 0.0f;
    std::string kind;
    bool more = static_cast<bool>(notes >> sample >> kind >> channel >> key >> value);
    for (std::size_t at = 0; at < audio.size(); at += static_cast<std::size_t>(block)) {
        const int n = static_cast<int>(std::min<std::size_t>(block, audio.size() - at));
        while (more && sample < static_cast<long>(at) + n) {
            send(engine, kind, channel, key, value, static_cast<int>(sample - static_cast<long>(at)));
            more = static_cast<bool>(notes >> sample >> kind >> channel >> key >> value);
        }
        engine.process(nullptr, audio.data() + at, n);
    }
    write_numbers(argv[7], audio);
    std::printf("latency %d\n", engine.latency_samples());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string command = argc > 2 ? argv[1] : "";
    if (command == "facts") {
        std::puts(open_instrument(argv[2])->facts().c_str());
        return 0;
    }
    if (command == "voice" && argc >= 5) return play_voice(argc, argv);
    if (command == "features" && argc == 5) return find_features(argv);
    if (command == "effect" && argc >= 7) return play_effect(argc, argv);
    if (command == "notes" && argc >= 8) return play_notes(argc, argv);
    return usage();
}
