#include "shelf.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>

#include "built_in.hpp"

namespace fs = std::filesystem;

namespace {

// What is played somewhere in this process, by name and path; gone when the last player is.
std::mutex loaded_lock;
std::map<std::string, std::weak_ptr<const ddsp::Instrument>> loaded;

#ifndef _WIN32
std::string from_environment(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}
#endif

fs::path folder() {
#ifdef _WIN32
    if (const wchar_t* own = _wgetenv(L"DDSP_TF_INSTRUMENTS")) return own;
    const wchar_t* data = _wgetenv(L"APPDATA");
    return data ? fs::path(data) / "ddsp_tf" / "instruments" : fs::path();
#else
    if (const std::string own = from_environment("DDSP_TF_INSTRUMENTS"); !own.empty()) return own;
    const std::string home = from_environment("HOME");
#ifdef __APPLE__
    fs::path data = home.empty() ? fs::path() : fs::path(home) / "Library/Application Support";
#else
    fs::path data = from_environment("XDG_DATA_HOME");
    if (data.empty() && !home.empty()) data = fs::path(home) / ".local/share";
#endif
    return data.empty() ? data : data / "ddsp_tf" / "instruments";
#endif
}

std::vector<fs::path> files_of(const fs::path& where) {
    std::vector<fs::path> found;
    std::error_code error;
    for (fs::directory_iterator at(where, error), end; !error && at != end; at.increment(error)) {
        if (at->path().extension() == ".ddsp") found.push_back(at->path());
    }
    std::sort(found.begin(), found.end());
    return found;
}

std::vector<char> bytes_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

Shelf::Shelf(bool with_folder) {
    for (std::size_t i = 0; i < n_built_in; ++i) {
        names_.emplace_back(built_in[i].name);
        paths_.emplace_back();
    }
    if (with_folder) {
        for (const fs::path& path : files_of(folder())) {
            if (find(path.stem().u8string()) >= 0) continue;  // one name means one instrument
            names_.push_back(path.stem().u8string());
            paths_.push_back(path.u8string());
        }
    }
    const std::size_t most = std::min<std::size_t>(names_.size(), n_slots);
    names_.resize(most);
    paths_.resize(most);
}

std::string Shelf::name(int slot) const {
    return slot >= 0 && slot < static_cast<int>(names_.size()) ? names_[static_cast<std::size_t>(slot)]
                                                               : "";
}

std::string Shelf::label(int slot) const {
    std::string text = name(slot);
    if (text.empty()) return "User " + std::to_string(slot + 1 - static_cast<int>(n_built_in));  // of the folder
    std::replace(text.begin(), text.end(), '_', ' ');
    std::replace(text.begin(), text.end(), '-', ' ');
    text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
    return text;
}

int Shelf::find(const std::string& name) const {
    const auto at = std::find(names_.begin(), names_.end(), name);
    return at == names_.end() ? -1 : static_cast<int>(at - names_.begin());
}

ddsp::InstrumentPointer Shelf::load(int slot, std::string& error) const {
    if (name(slot).empty()) {
        error = "The slot is empty.";
        return nullptr;
    }
    const auto at = static_cast<std::size_t>(slot);
    const std::lock_guard<std::mutex> guard(loaded_lock);
    std::weak_ptr<const ddsp::Instrument>& known = loaded[names_[at] + '\n' + paths_[at]];
    if (ddsp::InstrumentPointer instrument = known.lock()) return instrument;
    ddsp::InstrumentPointer instrument;
    if (paths_[at].empty()) {
        const BuiltIn& one = built_in[at];
        instrument = ddsp::Instrument::read(one.bytes, static_cast<std::size_t>(one.end - one.bytes), error);
    } else {
        const std::vector<char> bytes = bytes_of(fs::u8path(paths_[at]));
        instrument = ddsp::Instrument::read(bytes.data(), bytes.size(), error);
    }
    known = instrument;
    return instrument;
}

std::string Shelf::user_folder() { return folder().u8string(); }
