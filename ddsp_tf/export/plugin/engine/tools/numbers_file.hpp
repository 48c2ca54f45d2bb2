// Raw float32 files, in the byte order of the machine.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

inline std::vector<float> read_numbers(const std::string& path) {
    std::FILE* file = std::fopen(path.c_str(), "rb");
    if (!file) {
        std::fprintf(stderr, "`%s` can't be opened.\n", path.c_str());
        std::exit(1);
    }
    std::vector<float> values;
    float part[4096];
    std::size_t n;
    while ((n = std::fread(part, sizeof(float), 4096, file)) > 0) {
        values.insert(values.end(), part, part + n);
    }
    std::fclose(file);
    return values;
}

inline void write_numbers(const std::string& path, const std::vector<float>& values) {
    std::FILE* file = std::fopen(path.c_str(), "wb");
    const bool written =
        file && std::fwrite(values.data(), sizeof(float), values.size(), file) == values.size();
    if (!file || std::fclose(file) != 0 || !written) {
        std::fprintf(stderr, "`%s` can't be written.\n", path.c_str());
        std::exit(1);
    }
}
