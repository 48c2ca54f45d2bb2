// The instruments that were compiled in: CMake writes the list, see built_in.cpp.in.
#pragma once

#include <cstddef>

struct BuiltIn {
    const char* name;
    const unsigned char* bytes;
    const unsigned char* end;
};

extern const BuiltIn built_in[];
extern const std::size_t n_built_in;
