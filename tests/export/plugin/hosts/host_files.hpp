// What the small hosts of the tests have in common: numbers in files, MIDI in lines, arguments.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#endif

struct Message {
    long sample;
    std::uint8_t bytes[3];
};

struct Wish {
    std::string plugin, in, out, events, load, save;
    double rate = 48000.0;
    std::vector<int> blocks;  // lengths, one after the other and again
    std::map<std::string, double> values;
};

[[noreturn]] inline void fail(const std::string& what) {
    std::fprintf(stderr, "%s\n", what.c_str());
    std::exit(1);
}

// Opens a plug-in's binary, and finds what it is entered by.
inline void* entry_of(const std::string& path, const char* name) {
#ifdef _WIN32
    const HMODULE library = LoadLibraryA(path.c_str());
    if (!library) fail("can't load " + path);
    return reinterpret_cast<void*>(GetProcAddress(library, name));
#else
    void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) fail(dlerror());
    return dlsym(library, name);
#endif
}

inline std::string read_all(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) fail("can't read " + path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline void write_all(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

inline std::vector<float> read_floats(const std::string& path) {
    const std::string bytes = read_all(path);
    const auto* first = reinterpret_cast<const float*>(bytes.data());
    return std::vector<float>(first, first + bytes.size() / sizeof(float));
}

inline void write_floats(const std::string& path, const std::vector<float>& numbers) {
    write_all(path, {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(float)});
}

// PLUGIN IN OUT [rate=HZ] [blocks=64,512] [events=FILE] [load=FILE] [save=FILE] [NAME=VALUE...]
// IN is mono and tells how long it lasts; OUT has two channels, one after the other.
inline Wish read_wish(int argc, char** argv) {
    if (argc < 4) fail("HOST PLUGIN IN OUT [NAME=VALUE...]");
    Wish wish;
    wish.plugin = argv[1];
    wish.in = argv[2];
    wish.out = argv[3];
    for (int i = 4; i < argc; ++i) {
        const std::string text = argv[i];
        const std::size_t equals = text.find('=');
        if (equals == std::string::npos) fail("not NAME=VALUE: " + text);
        const std::string name = text.substr(0, equals), value = text.substr(equals + 1);
        if (name == "rate") wish.rate = std::atof(value.c_str());
        else if (name == "events") wish.events = value;
        else if (name == "load") wish.load = value;
        else if (name == "save") wish.save = value;
        else if (name == "blocks") {
            for (std::size_t at = 0; at < value.size(); at = value.find(',', at) + 1) {
                wish.blocks.push_back(std::atoi(value.c_str() + at));
                if (value.find(',', at) == std::string::npos) break;
            }
        } else wish.values[name] = std::atof(value.c_str());
    }
    if (wish.blocks.empty()) wish.blocks = {512};
    return wish;
}

inline std::vector<Message> read_events(const std::string& path) {
    std::vector<Message> found;
    if (path.empty()) return found;
    std::ifstream file(path);
    long sample;
    int a, b, c;
    while (file >> sample >> a >> b >> c) {
        found.push_back({sample, {static_cast<std::uint8_t>(a), static_cast<std::uint8_t>(b),
                                  static_cast<std::uint8_t>(c)}});
    }
    return found;
}
