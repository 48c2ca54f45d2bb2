#include "json.hpp"

#include <cmath>
#include <cstring>

namespace ddsp {
namespace {

constexpr int deepest = 24;

class Parser {
public:
    Parser(const char* text, std::size_t length, std::size_t most)
        : at_(text), end_(text + length), left_(most) {}

    bool whole(Json& result) {
        if (!value(result, 0)) return false;
        space();
        return at_ == end_;
    }

private:
    const char* at_;
    const char* end_;
    std::size_t left_;

    void space() {
        while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
    }

    bool take(char wanted) {
        space();
        if (at_ == end_ || *at_ != wanted) return false;
        ++at_;
        return true;
    }

    bool word(const char* wanted) {
        const std::size_t n = std::strlen(wanted);
        if (static_cast<std::size_t>(end_ - at_) < n || std::memcmp(at_, wanted, n) != 0) {
            return false;
        }
        at_ += n;
        return true;
    }

    bool value(Json& result, int depth) {
        space();
        if (at_ == end_ || depth > deepest || left_-- == 0) return false;
        switch (*at_) {
            case '{': return object(result, depth);
            case '[': return list(result, depth);
            case '"': result.kind = Json::Kind::text; return text(result.text);
            case 't': result.truth = true; [[fallthrough]];
            case 'f':
                result.kind = Json::Kind::boolean;
                return word(result.truth ? "true" : "false");
            case 'n': return word("null");
            default: result.kind = Json::Kind::number; return number(result.number);
        }
    }

    bool object(Json& result, int depth) {
        ++at_;
        result.kind = Json::Kind::object;
        if (take('}')) return true;
        do {
            std::string key;
            space();
            if (at_ == end_ || *at_ != '"' || !text(key) || !take(':')) return false;
            if (result.members.count(key) || !value(result.members[key], depth + 1)) return false;
        } while (take(','));
        return take('}');
    }

    bool list(Json& result, int depth) {
        ++at_;
        result.kind = Json::Kind::list;
        if (take(']')) return true;
        do {
            result.items.emplace_back();
            if (!value(result.items.back(), depth + 1)) return false;
        } while (take(','));
        return take(']');
    }

    static bool digit(char c) { return c >= '0' && c <= '9'; }

    bool number(double& result) {
        const bool negative = *at_ == '-';
        if (negative) ++at_;
        if (at_ == end_ || !digit(*at_)) return false;
        if (*at_ == '0' && end_ - at_ > 1 && digit(at_[1])) return false;
        double digits = 0.0;
        int exponent = 0;
        while (at_ != end_ && digit(*at_)) digits = 10.0 * digits + (*at_++ - '0');
        if (at_ != end_ && *at_ == '.') {
            ++at_;
            if (at_ == end_ || !digit(*at_)) return false;
            for (; at_ != end_ && digit(*at_); ++at_) {
                if (digits < 1e17) {  // what follows is beyond a double's precision
                    digits = 10.0 * digits + (*at_ - '0');
                    --exponent;
                }
            }
        }
        if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
            ++at_;
            const bool small = at_ != end_ && *at_ == '-';
            if (at_ != end_ && (*at_ == '-' || *at_ == '+')) ++at_;
            if (at_ == end_ || !digit(*at_)) return false;
            int power = 0;
            for (; at_ != end_ && digit(*at_); ++at_) {
                if (power < 10000) power = 10 * power + (*at_ - '0');
            }
            exponent += small ? -power : power;
        }
        // A quotient by a power of ten is rounded once where a product would be rounded twice.
        result = exponent < 0 && exponent > -300 ? digits / std::pow(10.0, -exponent)
                                                 : digits * std::pow(10.0, exponent);
        if (negative) result = -result;
        return std::isfinite(result);
    }

    bool hex(unsigned& code) {
        code = 0;
        if (end_ - at_ < 4) return false;
        for (int i = 0; i < 4; ++i) {
            const char c = *at_++;
            const int low = c | 0x20;
            const int digit_value = digit(c) ? c - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
            if (digit_value < 0) return false;
            code = 16 * code + static_cast<unsigned>(digit_value);
        }
        return true;
    }

    static void put(std::string& out, unsigned code) {
        const auto byte = [&out](unsigned value) { out.push_back(static_cast<char>(value)); };
        if (code < 0x80) {
            byte(code);
        } else if (code < 0x800) {
            byte(0xc0 | code >> 6);
            byte(0x80 | (code & 63));
        } else if (code < 0x10000) {
            byte(0xe0 | code >> 12);
            byte(0x80 | (code >> 6 & 63));
            byte(0x80 | (code & 63));
        } else {
            byte(0xf0 | code >> 18);
            byte(0x80 | (code >> 12 & 63));
            byte(0x80 | (code >> 6 & 63));
            byte(0x80 | (code & 63));
        }
    }

    bool escape(std::string& out) {
        if (at_ == end_) return false;
        const char c = *at_++;
        static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
        if (const char* found = std::strchr(names, c); found && c) {
            out.push_back(meant[found - names]);
            return true;
        }
        unsigned code = 0, second = 0;
        if (c != 'u' || !hex(code)) return false;
        if (code >= 0xd800 && code < 0xdc00) {
            if (!word("\\u") || !hex(second) || second < 0xdc00 || second >= 0xe000) return false;
            code = 0x10000 + ((code - 0xd800) << 10) + (second - 0xdc00);
        } else if (code >= 0xdc00 && code < 0xe000) {
            return false;
        }
        put(out, code);
        return true;
    }

    bool text(std::string& out) {
        ++at_;
        while (at_ != end_ && *at_ != '"') {
            const char c = *at_++;
            if (static_cast<unsigned char>(c) < 0x20) return false;
            if (c != '\\') out.push_back(c);
            else if (!escape(out)) return false;
        }
        if (at_ == end_) return false;
        ++at_;
        return true;
    }
};

}  // namespace

bool Json::parse(const char* text, std::size_t length, std::size_t most_values, Json& result,
                 std::string& error) {
    result = Json();
    if (Parser(text, length, most_values).whole(result)) return true;
    error = "it isn't JSON, or has too many values";
    return false;
}

const Json& Json::operator[](const std::string& key) const noexcept {
    static const Json nothing;
    const auto found = members.find(key);
    return found == members.end() ? nothing : found->second;
}

}  // namespace ddsp
