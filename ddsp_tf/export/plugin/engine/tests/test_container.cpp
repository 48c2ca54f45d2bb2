// Files that are damaged, foreign or newer are refused, with a word on why.
#include "file_bytes.hpp"
#include "json.hpp"

namespace {

void expect(const std::string& bytes, const char* why) {
    const std::string error = test::refused(bytes);
    CHECK(error.find(why) != std::string::npos, "expected `%s`, got `%s`", why, error.c_str());
}

void check_json() {
    const auto parses = [](const std::string& text) {
        ddsp::Json value;
        std::string error;
        return ddsp::Json::parse(text.data(), text.size(), 1000, value, error);
    };
    for (const char* good : {"{}", " [1, -2.5e3, 0.1] ", "\"\\u00e9\\ud83d\\ude00\\n\"", "null", "true",
                             "{\"a\": [false, {\"b\": null}]}", "0", "1E+2"}) {
        CHECK(parses(good), "%s", good);
    }
    for (const char* bad : {"", "{", "[1,]", "{\"a\":1,}", "01", "1.", "nul", "\"\\x\"", "\"\\ud83d\"",
                            "[1] 2", "{\"a\":1,\"a\":2}", "1e999", "NaN", "'a'", "\"a", "+1", "-"}) {
        CHECK(!parses(bad), "%s", bad);
    }
    CHECK(!parses(std::string(100, '[') + std::string(100, ']')), "too deep");
    std::string many = "[0";
    for (int i = 0; i < 2000; ++i) many += ",0";
    CHECK(!parses(many + "]"), "too many");
    ddsp::Json value;
    std::string error;
    const std::string text = "[0.1, 440.000001, 1e-7, 123456789.25, \"\\u00e9\"]";
    ddsp::Json::parse(text.data(), text.size(), 100, value, error);
    const double expected[] = {0.1, 440.000001, 1e-7, 123456789.25};
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(std::fabs(value.items[i].number / expected[i] - 1.0) < 1e-15, "%.17g", value.items[i].number);
    }
    CHECK(value.items[4].text == "\xc3\xa9", "%s", value.items[4].text.c_str());
}

}  // namespace

int main(int argc, char** argv) {
    test::require_arguments(argc);
    check_json();
    const std::string whole = test::read_file(std::string(argv[2]) + "/toy.ddsp");
    CHECK(test::refused(whole).empty(), "%s", test::refused(whole).c_str());
    const auto toy = test::open(std::string(argv[2]) + "/toy.ddsp");
    CHECK(!toy->can_hear(), "the toy has no tracker");
    CHECK(toy->title() == "Toy \xc3\xa9", "%s", toy->title().c_str());

    for (std::size_t n = 0; n < whole.size(); n += 1 + n / 16) {
        CHECK(!test::refused(whole.substr(0, n)).empty(), "%zu bytes were taken for all", n);
    }
    CHECK(!test::refused(whole + '\0').empty(), "a byte more");
    for (std::size_t at = 0; at < whole.size(); at += at < 4096 ? 1 : 61) {
        std::string changed = whole;
        changed[at] = static_cast<char>(changed[at] ^ 16);
        CHECK(!test::refused(changed).empty(), "byte %zu was changed", at);
    }
    std::string changed = whole;
    test::put(changed, 8, 2, 4);
    expect(changed, "format version 2, and this program reads up to 1");
    expect("DDSPINST", "isn't a .ddsp file");
    expect(std::string(100, 'x'), "isn't a .ddsp file");

    const auto edited = [&whole](const std::string& from, const std::string& to) {
        std::string bytes = whole;
        test::replace(bytes, from, to);
        return bytes;
    };
    expect(edited("ddsp_tf instrument for plug-ins", "ddsp_tf instrument for organs!!"), "isn't an instrument");
    expect(edited("\"hop_length\": 64", "\"hop_length\": -4"), "`hop_length`");
    expect(edited("\"hop_length\": 64", "\"hop_longth\": 64"), "`hop_length`");
    expect(edited("\"kind\": \"gru\"", "\"kind\": \"lru\""), "doesn't know");
    expect(edited("\"units\": 24", "\"units\": 25"), "another shape");
    expect(edited("\"n_harmonics\": 10", "\"n_harmonics\": 11"), "makes something else");
    expect(edited("\"float32\"", "\"float64\""), "table of arrays");
    expect(edited("\"add_dry\": true", "\"add_dry\":    1"), "true or false");

    // Infinity in the last array.
    changed = whole;
    test::put(changed, changed.size() - 4, 0x7f800000u, 4);
    test::seal(changed);
    expect(changed, "NaN or infinity");
    // An array beyond the file's end, whatever its length would take.
    const std::size_t offset = whole.rfind("\"offset\": ");
    changed = whole;
    changed.replace(offset + 10, 4, "9984");
    test::seal(changed);
    CHECK(!test::refused(changed).empty(), "an array lies where none is");
    std::string error;
    CHECK(!ddsp::Instrument::open("no such file.ddsp", error) && error == "It can't be opened.", "%s",
          error.c_str());
    return test::finish();
}
