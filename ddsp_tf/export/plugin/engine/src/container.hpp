// The container of a `.ddsp` file: a header, JSON, and arrays of numbers; see docs/plugin.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "aligned.hpp"
#include "json.hpp"

namespace ddsp {

class Container {
public:
    // Checks header, length, checksum, JSON and where each array lies. The bytes are not copied:
    // they have to stay while arrays are read. Gives false, and says why in `error`.
    bool read(const unsigned char* bytes, std::size_t n_bytes, std::string& error);

    const Json& facts() const noexcept { return facts_; }
    const std::string& text() const noexcept { return text_; }

    // Copies an array of exactly this shape. What went wrong first is kept in `error`, and stops
    // all that follow, so that a caller asks once at the end.
    Floats array(const std::string& name, std::initializer_list<long> shape);
    bool has(const std::string& name) const noexcept;
    const std::string& error() const noexcept { return error_; }
    void fail(const std::string& why) { if (error_.empty()) error_ = why; }

private:
    bool find_arrays();

    const unsigned char* bytes_ = nullptr;
    std::size_t n_bytes_ = 0;
    Json facts_;
    std::string text_, error_;
};

std::uint32_t crc32(const unsigned char* bytes, std::size_t n) noexcept;

}  // namespace ddsp
