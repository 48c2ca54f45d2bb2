// JSON (RFC 8259) from files that may have been made to mislead: bounded depth and size, no locale.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace ddsp {

class Json {
public:
    enum class Kind { null, boolean, number, text, list, object };

    // Gives false, and says why in `error`, if the text isn't JSON or has more than `most_values`.
    static bool parse(const char* text, std::size_t length, std::size_t most_values, Json& result,
                      std::string& error);

    Kind kind = Kind::null;
    bool truth = false;
    double number = 0.0;
    std::string text;
    std::vector<Json> items;
    std::map<std::string, Json> members;

    bool is(Kind wanted) const noexcept { return kind == wanted; }
    // A member of an object; null if there is none.
    const Json& operator[](const std::string& key) const noexcept;
};

}  // namespace ddsp
