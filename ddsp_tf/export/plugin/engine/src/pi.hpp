// The constant, which the standard library has only since C++20.
#pragma once

namespace ddsp {

constexpr double pi = 3.14159265358979323846;

}  // namespace ddsp
