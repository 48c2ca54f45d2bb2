// Engines on several threads share an instrument while others read files and turn knobs. For
// ThreadSanitizer above all; what is played has to be the same in each.
#include <atomic>
#include <thread>

#include "check.hpp"

int main(int argc, char** argv) {
    test::require_arguments(argc);
    const std::string path = std::string(argv[2]) + "/violin.ddsp";
    auto violin = test::open(path);
    const std::vector<float> sound = test::melody(48000.0, 0.6);
    constexpr int n_engines = 4;
    std::vector<float> played[n_engines];
    std::vector<std::thread> threads;
    for (int i = 0; i < n_engines; ++i) {
        threads.emplace_back([violin, &sound, &played, i] {
            ddsp::Engine engine(violin);
            played[i].resize(sound.size());
            for (std::size_t at = 0; at + 256 <= sound.size(); at += 256) {
                engine.process(sound.data() + at, played[i].data() + at, 256);
            }
        });
    }
    // A knob and a meter of one that plays.
    ddsp::Setup setup;
    setup.source = ddsp::Source::notes;
    ddsp::Engine turned(violin, setup);
    std::atomic<bool> plays{true};
    threads.emplace_back([&turned, &plays] {
        std::vector<float> audio(128);
        turned.note_on(0, 69, 0.8f);
        for (int i = 0; i < 200; ++i) turned.process(nullptr, audio.data(), 128);
        plays = false;
    });
    float seen = 0.0f;
    int n = 0;
    while (plays) {
        turned.set(ddsp::Parameter::tuning, static_cast<float>(++n % 100));
        turned.set(ddsp::Parameter::room, 0.5f);
        seen = turned.f0_hz() + turned.loudness_db() + static_cast<float>(turned.n_sounding());
    }
    threads.emplace_back([&path] {
        std::string error;
        CHECK(ddsp::Instrument::open(path, error) != nullptr, "%s", error.c_str());
    });
    violin.reset();
    for (std::thread& thread : threads) thread.join();
    CHECK(std::isfinite(seen), "%g", static_cast<double>(seen));
    for (int i = 1; i < n_engines; ++i) CHECK(played[i] == played[0], "engine %d plays something else", i);
    return test::finish();
}
