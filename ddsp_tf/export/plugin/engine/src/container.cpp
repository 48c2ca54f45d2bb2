#include "container.hpp"

#include <cmath>
#include <cstring>

namespace ddsp {
namespace {

constexpr std::size_t header_bytes = 32, alignment = 16;
constexpr std::size_t most_bytes = 512u << 20, most_facts = 1u << 20, most_values = 50000;
constexpr std::uint32_t newest_version = 1;
constexpr char magic[9] = "DDSPINST";

std::uint64_t little(const unsigned char* at, int n) noexcept {
    std::uint64_t value = 0;
    for (int i = n; i-- > 0;) value = value << 8 | at[i];
    return value;
}

float from_half(unsigned half) noexcept {
    const unsigned sign = (half & 0x8000u) << 16, exponent = half >> 10 & 31, fraction = half & 1023;
    if (exponent == 0) {
        const float small = std::ldexp(static_cast<float>(fraction), -24);
        return sign ? -small : small;
    }
    const unsigned wide = exponent == 31 ? 255u : exponent + 112u;
    const std::uint32_t bits = sign | wide << 23 | fraction << 13;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

float from_single(const unsigned char* at) noexcept {
    const std::uint32_t bits = static_cast<std::uint32_t>(little(at, 4));
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

bool whole(const Json& value, double most) noexcept {
    return value.is(Json::Kind::number) && value.number >= 0.0 && value.number <= most &&
           value.number == std::floor(value.number);
}

// Bytes that an entry of the table takes; 0 if it isn't an entry.
std::size_t entry_bytes(const Json& entry) noexcept {
    const Json& dtype = entry["dtype"];
    const Json& shape = entry["shape"];
    if (!dtype.is(Json::Kind::text) || !shape.is(Json::Kind::list) || shape.items.empty() ||
        shape.items.size() > 4) {
        return 0;
    }
    std::size_t n = dtype.text == "float32" ? 4 : dtype.text == "float16" ? 2 : 0;
    for (const Json& size : shape.items) {
        if (!whole(size, 1e7)) return 0;
        n *= static_cast<std::size_t>(size.number);
        if (n > most_bytes) return 0;
    }
    return n;
}

}  // namespace

// The CRC-32 of zip files and zlib, eight bytes at a time.
std::uint32_t crc32(const unsigned char* bytes, std::size_t n) noexcept {
    std::uint32_t table[8][256];
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit) value = value & 1 ? 0xedb88320u ^ value >> 1 : value >> 1;
        table[0][i] = value;
    }
    for (int row = 1; row < 8; ++row) {
        for (int i = 0; i < 256; ++i) {
            const std::uint32_t before = table[row - 1][i];
            table[row][i] = table[0][before & 255] ^ before >> 8;
        }
    }
    std::uint32_t sum = 0xffffffffu;
    for (; n >= 8; n -= 8, bytes += 8) {
        const std::uint32_t low = sum ^ static_cast<std::uint32_t>(little(bytes, 4));
        sum = 0;
        for (int i = 0; i < 4; ++i) {
            sum ^= table[7 - i][low >> 8 * i & 255] ^ table[3 - i][bytes[4 + i]];
        }
    }
    for (std::size_t i = 0; i < n; ++i) sum = table[0][(sum ^ bytes[i]) & 255] ^ sum >> 8;
    return ~sum;
}

bool Container::read(const unsigned char* bytes, std::size_t n_bytes, std::string& error) {
    error_.clear();
    if (n_bytes < header_bytes || std::memcmp(bytes, magic, 8) != 0) {
        error = "It isn't a .ddsp file.";
        return false;
    }
    const std::uint64_t version = little(bytes + 8, 4), n_facts = little(bytes + 12, 4);
    if (version > newest_version) {
        error = "It has format version " + std::to_string(version) +
                ", and this program reads up to " + std::to_string(newest_version) + ": update it.";
        return false;
    }
    if (version < 1 || little(bytes + 16, 8) != n_bytes || n_bytes > most_bytes ||
        n_facts > most_facts || n_facts > n_bytes - header_bytes || little(bytes + 28, 4) != 0) {
        error = "It is damaged: its header doesn't fit its length. Copy or export it again.";
        return false;
    }
    if (crc32(bytes + header_bytes, n_bytes - header_bytes) != little(bytes + 24, 4)) {
        error = "It is damaged: its checksum is wrong. Copy or export it again.";
        return false;
    }
    bytes_ = bytes;
    n_bytes_ = n_bytes;
    text_.assign(reinterpret_cast<const char*>(bytes + header_bytes), n_facts);
    std::string why;
    if (!Json::parse(text_.data(), text_.size(), most_values, facts_, why)) {
        error = "It is damaged: " + why + ".";
        return false;
    }
    if (!find_arrays()) {
        error = "It is damaged: its table of arrays doesn't fit its length.";
        return false;
    }
    return true;
}

bool Container::find_arrays() {
    const Json& arrays = facts_["arrays"];
    if (!arrays.is(Json::Kind::object)) return false;
    const std::size_t first = header_bytes + text_.size();
    for (const auto& [name, entry] : arrays.members) {
        const Json& offset = entry["offset"];
        const std::size_t n = entry_bytes(entry);
        if (n == 0 || !whole(offset, static_cast<double>(n_bytes_))) return false;
        const std::size_t at = static_cast<std::size_t>(offset.number);
        if (at < first || at % alignment != 0 || at > n_bytes_ || n > n_bytes_ - at) return false;
    }
    return true;
}

bool Container::has(const std::string& name) const noexcept {
    return facts_["arrays"].members.count(name) != 0;
}

Floats Container::array(const std::string& name, std::initializer_list<long> shape) {
    if (!error_.empty()) return {};
    const Json& entry = facts_["arrays"][name];
    const Json& found = entry["shape"];
    bool fits = found.items.size() == shape.size();
    std::size_t n = 1, axis = 0;
    for (const long size : shape) {
        fits = fits && size > 0 && found.items[axis].number == static_cast<double>(size);
        n *= fits ? static_cast<std::size_t>(size) : 0;
        ++axis;
    }
    if (!fits) {
        fail("It is damaged: the array `" + name + "` is missing or of another shape.");
        return {};
    }
    const unsigned char* at = bytes_ + static_cast<std::size_t>(entry["offset"].number);
    const bool half = entry["dtype"].text == "float16";
    Floats values(n);
    for (std::size_t i = 0; i < n; ++i) {
        values[i] = half ? from_half(static_cast<unsigned>(little(at + 2 * i, 2)))
                         : from_single(at + 4 * i);
        if (!std::isfinite(values[i])) {
            fail("It is damaged: the array `" + name + "` holds NaN or infinity.");
            return {};
        }
    }
    return values;
}

}  // namespace ddsp
