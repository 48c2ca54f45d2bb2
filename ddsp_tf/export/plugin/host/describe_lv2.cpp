// Lets an LV2 binary that DPF made write its description into this folder.
#include <cstdio>
#include <fstream>
#include <string>
#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#endif

// MOD's own words, which no standard vocabulary has, are left out: validators refuse them.
static bool without_mod(const std::string& path) {
    std::ifstream file(path);
    std::string kept;
    for (std::string line; std::getline(file, line);) {
        const bool of_mod = line.find("    mod:") == 0 && line.back() == ';';
        if (!of_mod) kept += line + '\n';
    }
    file.close();
    std::ofstream(path, std::ios::binary) << kept;
    return !kept.empty();
}

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fputs("describe_lv2 BINARY NAME\n", stderr);
        return 2;
    }
    using Describe = void (*)(const char* name);
#ifdef _WIN32
    const HMODULE library = LoadLibraryA(argv[1]);
    const auto describe = library ? reinterpret_cast<Describe>(reinterpret_cast<void*>(
                                        GetProcAddress(library, "lv2_generate_ttl")))
                                  : nullptr;
#else
    void* const library = dlopen(argv[1], RTLD_LAZY);
    if (!library) std::fprintf(stderr, "%s\n", dlerror());
    const auto describe =
        library ? reinterpret_cast<Describe>(dlsym(library, "lv2_generate_ttl")) : nullptr;
#endif
    if (!describe) {
        std::fprintf(stderr, "`%s` is no LV2 plug-in of DPF.\n", argv[1]);
        return 1;
    }
    describe(argv[2]);
    return without_mod(std::string(argv[2]) + ".ttl") ? 0 : 1;
}
