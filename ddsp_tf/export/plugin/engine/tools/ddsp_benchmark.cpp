// How much of one core each instrument takes: of the time that its sound lasts, on average and for
// the slowest block.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "ddsp_engine.hpp"
#include "kernels.hpp"
#include "pi.hpp"

namespace {

constexpr double rate = 48000.0, seconds = 10.0;
using ddsp::pi;

// Processor time, which other programs don't lengthen.
double now() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

void play(const ddsp::InstrumentPointer& instrument, const char* what, ddsp::Source source,
          int n_notes, int block) {
    ddsp::Setup setup;
    setup.sample_rate = rate;
    setup.source = source;
    ddsp::Engine engine(instrument, setup);
    std::vector<float> audio(static_cast<std::size_t>(block));
    std::vector<double> shares;
    const int n_blocks = static_cast<int>(seconds * rate / block);
    for (int note = 0; note < n_notes; ++note) engine.note_on(0, 55 + 3 * note, 0.7f);
    double total = 0.0;
    long sample = 0;
    for (int i = 0; i < n_blocks; ++i) {
        for (float& x : audio) {
            const double t = static_cast<double>(sample++) / rate;
            x = static_cast<float>(0.3 * std::sin(2.0 * pi * 440.0 * t) +
                                   0.1 * std::sin(2.0 * pi * 1320.0 * t));
        }
        engine.control(440.0f, -20.0f);
        const double start = now();
        engine.process(audio.data(), audio.data(), block);
        const double taken = now() - start;
        total += taken;
        shares.push_back(100.0 * taken * rate / block);
    }
    std::sort(shares.begin(), shares.end());
    std::printf("  %-24s block %5d  %6.2f %% of a core, 99 of 100 blocks under %6.1f %%\n", what,
                block, 100.0 * total * rate / (static_cast<double>(n_blocks) * block),
                shares[static_cast<std::size_t>(0.99 * static_cast<double>(shares.size()))]);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fputs("ddsp_benchmark FILE.ddsp...\n", stderr);
        return 2;
    }
    std::printf("kernels: %s; host at %.0f Hz\n", ddsp::kernels().name, rate);
    for (int i = 1; i < argc; ++i) {
        std::string error;
        const auto instrument = ddsp::Instrument::open(argv[i], error);
        if (!instrument) {
            std::fprintf(stderr, "`%s` can't be read. %s\n", argv[i], error.c_str());
            return 1;
        }
        std::printf("%s, %d Hz\n", instrument->title().c_str(), instrument->sample_rate());
        for (const int block : {64, 512}) {
            play(instrument, "pitch and loudness", ddsp::Source::controls, 0, block);
            play(instrument, "1 note", ddsp::Source::notes, 1, block);
            play(instrument, "8 notes", ddsp::Source::notes, 8, block);
            play(instrument, "16 notes", ddsp::Source::notes, 16, block);
            play(instrument, "sound", ddsp::Source::audio, 0, block);
        }
    }
    return 0;
}
