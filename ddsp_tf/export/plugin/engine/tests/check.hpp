// What the tests share: checks that are counted, files, and noise that is the same in every run.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "ddsp_engine.hpp"

namespace test {

inline int n_checks = 0, n_failures = 0;

// Says where and what failed, and goes on.
#define CHECK(condition, ...)                                      \
    do {                                                           \
        ++test::n_checks;                                          \
        if (!(condition)) {                                        \
            ++test::n_failures;                                    \
            std::printf("%s:%d: %s: ", __FILE__, __LINE__, #condition); \
            std::printf(__VA_ARGS__);                              \
            std::printf("\n");                                     \
        }                                                          \
    } while (false)

inline int finish() {
    std::printf("%d checks, %d failures\n", n_checks, n_failures);
    return n_failures || !n_checks ? 1 : 0;
}

// The tests are told where docs/contract_vectors.json is, and a folder with violin.ddsp and toy.ddsp.
inline void require_arguments(int argc) {
    if (argc >= 3) return;
    std::puts("Configure with -DDDSP_VECTORS=docs/contract_vectors.json -DDDSP_INSTRUMENTS=FOLDER; "
              "`ddsp-tf export violin --target plugin -o FOLDER` and the tests of ddsp_tf fill it.");
    std::exit(1);
}

inline std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream content;
    content << file.rdbuf();
    if (!file || content.str().empty()) {
        std::printf("`%s` can't be read.\n", path.c_str());
        std::exit(1);
    }
    return content.str();
}

inline ddsp::InstrumentPointer open(const std::string& path) {
    std::string error;
    auto instrument = ddsp::Instrument::open(path, error);
    if (!instrument) {
        std::printf("`%s`: %s\n", path.c_str(), error.c_str());
        std::exit(1);
    }
    return instrument;
}

class Random {
public:
    explicit Random(std::uint64_t seed = 1) : state_(seed * 0x9e3779b97f4a7c15ull + 1) {}
    std::uint32_t next() {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return static_cast<std::uint32_t>(state_ >> 32);
    }
    int below(int n) { return static_cast<int>(next() % static_cast<std::uint32_t>(n)); }
    float uniform() { return static_cast<float>(next()) / 2147483648.0f - 1.0f; }  // -1 to 1

private:
    std::uint64_t state_;
};

// A melody as sound: tones with harmonics, gaps between them.
inline std::vector<float> melody(double rate, double seconds) {
    std::vector<float> audio(static_cast<std::size_t>(rate * seconds));
    double turns = 0.0;
    for (std::size_t i = 0; i < audio.size(); ++i) {
        const double t = static_cast<double>(i) / rate, place = std::fmod(t, 0.5);
        turns += 262.0 * std::pow(1.26, std::floor(t / 0.5)) / rate;
        const double level = place < 0.4 ? 0.3 * std::sin(3.14159265 * place / 0.4) : 0.0;
        double sum = 0.0;
        for (int k = 1; k < 6; ++k) sum += std::sin(6.283185307 * k * turns) / k;
        audio[i] = static_cast<float>(level * sum);
    }
    return audio;
}

inline double decibels(double ratio) { return 20.0 * std::log10(std::max(ratio, 1e-12)); }

}  // namespace test
