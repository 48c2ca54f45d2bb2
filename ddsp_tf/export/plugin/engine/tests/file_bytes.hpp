// A `.ddsp` file as bytes that a test changes, with the header set right again or not.
#pragma once

#include "check.hpp"
#include "container.hpp"

namespace test {

inline void put(std::string& bytes, std::size_t at, std::uint64_t value, int n) {
    for (int i = 0; i < n; ++i) bytes[at + static_cast<std::size_t>(i)] = static_cast<char>(value >> 8 * i & 255);
}

inline std::uint64_t take(const std::string& bytes, std::size_t at, int n) {
    std::uint64_t value = 0;
    for (int i = n; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
    return value;
}

// Length and checksum that fit what follows the header.
inline void seal(std::string& bytes) {
    put(bytes, 16, bytes.size(), 8);
    const auto* body = reinterpret_cast<const unsigned char*>(bytes.data()) + 32;
    put(bytes, 24, ddsp::crc32(body, bytes.size() - 32), 4);
}

// Replaces a piece of the JSON by one of the same length.
inline void replace(std::string& bytes, const std::string& from, const std::string& to) {
    const std::size_t at = bytes.find(from);
    if (at == std::string::npos || from.size() != to.size()) {
        std::printf("`%s` isn't there.\n", from.c_str());
        std::exit(1);
    }
    bytes.replace(at, from.size(), to);
    seal(bytes);
}

inline std::string refused(const std::string& bytes) {
    std::string error;
    const auto instrument = ddsp::Instrument::read(bytes.data(), bytes.size(), error);
    return instrument ? std::string() : error;
}

}  // namespace test
