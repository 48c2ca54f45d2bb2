// 100,000 mutated files: refused, or the same, or an instrument that plays numbers. Never a crash.
#include <algorithm>
#include <new>

#include "file_bytes.hpp"

namespace {

std::size_t largest_allocation = 0;

void* counted(std::size_t n, std::size_t alignment) {
    largest_allocation = std::max(largest_allocation, n);
    void* memory = alignment ? std::aligned_alloc(alignment, (n + alignment - 1) / alignment * alignment)
                             : std::malloc(n ? n : 1);
    if (!memory) std::abort();
    return memory;
}

// Pieces that parsers and sizes trip over.
const char* const pieces[] = {"-1", "0", "1e300", "9999999", "null", "true", "[]", "{}", "\"\"", "1.5",
                              "4294967296", "1024", "8192", "\"gru\"", "\"min_gru\"", "\"convolutions\"", "[1,2]", ",", "]"};

std::string mutated(const std::string& whole, test::Random& random, bool& sealed) {
    std::string bytes = whole;
    const std::size_t n_facts = test::take(whole, 12, 4);
    const int kind = random.below(7);
    sealed = kind >= 3;
    const auto place = [&](std::size_t n) { return static_cast<std::size_t>(random.next()) % n; };
    const int n_changes = 1 + random.below(4);
    for (int i = 0; i < n_changes; ++i) {
        const char byte = static_cast<char>(random.next());
        switch (kind) {
            case 0: bytes[place(bytes.size())] = byte; break;
            case 1: bytes.resize(place(bytes.size()) + 1); break;
            case 2: bytes.insert(place(bytes.size()), 1, byte); break;
            case 3: bytes[32 + place(n_facts)] = byte; break;                         // JSON
            case 4: bytes[32 + n_facts + place(bytes.size() - 32 - n_facts)] = byte; break;  // numbers
            case 5: {                                                                  // a value
                const std::size_t at = whole.find(": ", 32 + place(n_facts));
                if (at == std::string::npos || at > 32 + n_facts) break;
                const std::size_t end = std::min(bytes.find_first_of(",}]", at), bytes.size() - 1);
                const std::string piece = pieces[random.below(static_cast<int>(std::size(pieces)))];
                if (end <= at + 2) break;
                // Blanks keep the arrays where they lie.
                std::string value = piece.substr(0, end - at - 2);
                value.resize(end - at - 2, ' ');
                bytes.replace(at + 2, value.size(), value);
                break;
            }
            default: bytes[8 + place(24)] = byte; break;  // the header
        }
    }
    if (sealed && kind != 6 && bytes.size() > 32) test::seal(bytes);
    return bytes;
}

bool plays_numbers(const ddsp::InstrumentPointer& instrument) {
    ddsp::Setup setup;
    setup.source = ddsp::Source::notes;
    setup.most_voices = 2;
    ddsp::Engine engine(instrument, setup);
    engine.note_on(0, 60, 0.8f);
    engine.note_on(0, 67, 0.8f, 50);
    std::vector<float> audio(700);
    engine.process(nullptr, audio.data(), static_cast<int>(audio.size()));
    for (const float x : audio) {
        if (!std::isfinite(x) || std::fabs(x) > 1.0f) return false;
    }
    return true;
}

}  // namespace

void* operator new(std::size_t n) { return counted(n, 0); }
void* operator new(std::size_t n, std::align_val_t a) { return counted(n, static_cast<std::size_t>(a)); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }

int main(int argc, char** argv) {
    test::require_arguments(argc);
    const char* wanted = std::getenv("DDSP_FUZZ");
    const int n_files = wanted ? std::atoi(wanted) : 100000;
    const std::string folder = argv[2];
    const std::string toys[] = {test::read_file(folder + "/toy.ddsp"),
                                test::read_file(folder + "/toy_convolutions.ddsp")};
    test::Random random(7);
    int n_refused = 0, n_played = 0, n_same = 0;
    for (int i = 0; i < n_files; ++i) {
        bool sealed = false;
        const std::string& whole = toys[i % 2];
        const std::string bytes = mutated(whole, random, sealed);
        std::string error;
        const auto instrument = ddsp::Instrument::read(bytes.data(), bytes.size(), error);
        if (!instrument) {
            ++n_refused;
            CHECK(!error.empty(), "file %d is refused without a word", i);
        } else if (bytes == whole) {
            ++n_same;
        } else {
            CHECK(sealed, "file %d is damaged and was taken", i);
            CHECK(plays_numbers(instrument), "file %d plays no numbers", i);
            ++n_played;
        }
    }
    std::printf("%d files: %d refused, %d the same, %d sealed again and played; largest piece of memory "
                "%zu bytes\n", n_files, n_refused, n_same, n_played, largest_allocation);
    CHECK(n_refused > n_files / 2, "%d", n_refused);
    CHECK(n_played > n_files / 50, "%d", n_played);
    CHECK(largest_allocation < (64u << 20), "%zu", largest_allocation);
    return test::finish();
}
