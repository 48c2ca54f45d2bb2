// The audio call takes no memory and asks the system for nothing: no lock, no file, no clock.
#include <new>

#include "check.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DDSP_SANITIZED 1
#endif
#if defined(__linux__) && !defined(DDSP_SANITIZED)
#define DDSP_SECCOMP 1
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#endif
#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace {

long n_allocations = 0;

void* counted(void* memory) {
    ++n_allocations;
    if (!memory) std::abort();
    return memory;
}

}  // namespace

void* operator new(std::size_t n) { return counted(std::malloc(n ? n : 1)); }
void* operator new(std::size_t n, std::align_val_t a) {
    const std::size_t alignment = static_cast<std::size_t>(a);
    return counted(std::aligned_alloc(alignment, (n + alignment - 1) / alignment * alignment));
}
void operator delete(void* p) noexcept { ++n_allocations; std::free(p); }
void operator delete(void* p, std::size_t) noexcept { ++n_allocations; std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { ++n_allocations; std::free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { ++n_allocations; std::free(p); }

#if defined(__GLIBC__) && !defined(DDSP_SANITIZED)
// C's own, which `operator new` isn't the only way to.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void __libc_free(void*);
void* malloc(std::size_t n) { ++n_allocations; return __libc_malloc(n); }
void* calloc(std::size_t n, std::size_t m) { ++n_allocations; return __libc_calloc(n, m); }
void* realloc(void* p, std::size_t n) { ++n_allocations; return __libc_realloc(p, n); }
void free(void* p) { ++n_allocations; __libc_free(p); }
}
#endif

namespace {

// Everything that the audio thread may call, for some seconds of sound.
void play_everything(ddsp::Engine& engine, std::vector<float>& audio, const std::vector<float>& sound) {
    test::Random random;
    for (int i = 0; i < 80; ++i) {
        const int most = i % 20 ? 1000 : static_cast<int>(audio.size());
        const int n = 1 + random.below(most);
        engine.note_on(random.below(16), 40 + random.below(50), 0.7f, random.below(n));
        engine.note_off(-1, 40 + random.below(50), n - 1);
        engine.bend(-1, random.uniform());
        engine.sustain(0, random.below(2) == 0);
        engine.expression(1, 3.0f * random.uniform());
        engine.vibrato(2, 30.0f);
        engine.control(200.0f + 300.0f * random.uniform(), -20.0f);
        const auto parameter = static_cast<ddsp::Parameter>(random.below(static_cast<int>(ddsp::Parameter::count)));
        const ddsp::ParameterRange& range = ddsp::parameter_range(parameter);
        engine.set(parameter, range.lowest + (range.highest - range.lowest) * 0.5f * (1.0f + random.uniform()));
        engine.process(i % 3 ? sound.data() : nullptr, audio.data(), n);
        if (i == 40) engine.reset();
        if (i == 60) engine.all_notes_off();
    }
}

#if defined(DDSP_SECCOMP)
// In a process of its own that may do nothing but read, write and end: any other call to the system
// (to wait for a lock, open a file, take memory) kills it.
bool lives_without_system(ddsp::Engine& engine, std::vector<float>& audio, const std::vector<float>& sound) {
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) syscall(SYS_exit, 2);
        play_everything(engine, audio, sound);
        syscall(SYS_exit, 0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
#endif

}  // namespace

int main(int argc, char** argv) {
    test::require_arguments(argc);
    const auto violin = test::open(std::string(argv[2]) + "/violin.ddsp");
    const std::vector<float> sound = test::melody(48000.0, 0.2);
    std::vector<float> audio(8192);
    for (const ddsp::Source source : {ddsp::Source::audio, ddsp::Source::controls, ddsp::Source::notes}) {
        for (const double rate : {48000.0, 16000.0, 44100.5}) {
            ddsp::Setup setup;
            setup.source = source;
            setup.sample_rate = rate;
            ddsp::Engine engine(violin, setup);
#if defined(__SSE2__)
            const unsigned before = _mm_getcsr() & 0xffc0u;
#endif
            const long n_before = n_allocations;
            play_everything(engine, audio, sound);
            const long n_during = n_allocations - n_before;
            CHECK(n_during == 0, "%ld allocations, source %d at %g Hz", n_during, static_cast<int>(source), rate);
#if defined(__SSE2__)
            CHECK((_mm_getcsr() & 0xffc0u) == before, "the processor's modes are left changed");
#endif
#if defined(DDSP_SECCOMP)
            engine.reset();
            CHECK(lives_without_system(engine, audio, sound), "it asked the system, source %d at %g Hz",
                  static_cast<int>(source), rate);
#endif
        }
    }
    ddsp::Voice voice(violin);
    std::vector<float> f0_hz(100, 440.0f), loudness_db(100, -20.0f);
    std::vector<float> hops(static_cast<std::size_t>(100 * violin->hop_length()));
    const long n_before = n_allocations;
    voice.process(f0_hz.data(), loudness_db.data(), 100, hops.data());
    voice.reset();
    const long n_during = n_allocations - n_before;
    CHECK(n_during == 0, "%ld allocations of a voice", n_during);
    CHECK(n_allocations > 0, "nothing is counted");
    return test::finish();
}
