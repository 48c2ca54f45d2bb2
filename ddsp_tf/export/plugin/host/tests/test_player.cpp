// Instruments are changed while they play: the audio thread takes and frees nothing, what it plays
// never leaps, and ThreadSanitizer sees no race (-DDDSP_SANITIZE=thread).
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <thread>

#include "midi_input.hpp"
#include "player.hpp"

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define DDSP_COUNTS 1
#endif

namespace {

thread_local bool in_audio = false;
std::atomic<long> n_allocations{0};
int n_failures = 0;

void check(bool good, const char* what) {
    if (good) return;
    std::printf("failed: %s\n", what);
    ++n_failures;
}

}  // namespace

#ifdef DDSP_COUNTS
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void __libc_free(void*);
void* malloc(std::size_t n) { n_allocations += in_audio; return __libc_malloc(n); }
void* calloc(std::size_t n, std::size_t m) { n_allocations += in_audio; return __libc_calloc(n, m); }
void* realloc(void* p, std::size_t n) { n_allocations += in_audio; return __libc_realloc(p, n); }
void free(void* p) { n_allocations += in_audio && p; __libc_free(p); }
}
#endif

int main() {
    for (const ddsp::Source source : {ddsp::Source::notes, ddsp::Source::audio}) {
        constexpr int n = 96, n_switches = 12;
        Player player(source, false);
        MidiInput midi;
        player.set(ddsp::Parameter::room, 0.0f);
        player.activate(48000.0);
        const std::uint8_t on[] = {0x90, 69, 100}, bend[] = {0xe0, 0, 80};
        midi.hear(on, 3, 0, player.engine(), nullptr);
        midi.hear(bend, 3, 0, player.engine(), nullptr);
        float input[n], output[n], last = 0.0f, leap = 0.0f;
        double phase = 0.0, energy = 0.0;
        int n_taken = 0;
        for (int i = 0; i < n_switches; ++i) {
            player.want(i % 2 ? 0 : 1);
            const int before = n_taken;
            for (int block = 0; block < 400; ++block) {
                for (float& x : input) x = 0.3f * static_cast<float>(std::sin(phase += 0.0576));
                in_audio = true;
                if (ddsp::Engine* next = player.take_over()) {
                    midi.tell_all(*next);
                    ++n_taken;
                }
                player.process(source == ddsp::Source::audio ? input : nullptr, output, n);
                in_audio = false;
                for (const float x : output) {
                    leap = std::max(leap, std::fabs(x - last));
                    energy += static_cast<double>(x) * x;
                    last = x;
                }
                // The host's own time, in which the other thread works.
                if (block % 8 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
            }
            for (int wait = 0; n_taken == before && wait < 2000; ++wait) {
                std::this_thread::sleep_for(std::chrono::milliseconds(2));
                if (ddsp::Engine* next = player.take_over()) {
                    midi.tell_all(*next);
                    ++n_taken;
                }
            }
        }
        std::printf("%d changes, %ld allocations, greatest leap %.3f\n", n_taken,
                    n_allocations.load(), static_cast<double>(leap));
        check(n_taken == n_switches, "every change was heard");
        check(n_allocations == 0, "the audio thread takes no memory");
        check(energy > 1.0 && std::isfinite(energy), "it sounds");
        check(leap < 0.2f, "it never leaps");
    }
    return n_failures ? 1 : 0;
}
