// The instruments that a plug-in can play: those compiled in, then those of the user's folder.
//
// Each has a slot, which a host automates. Names are what is saved, since a folder may change.
// Nothing here belongs to the audio thread.
#pragma once

#include <string>
#include <vector>

#include "ddsp_engine.hpp"

class Shelf {
public:
    static constexpr int n_slots = 32;

    // Without the user's folder it is the same on every machine, as a description of a plug-in is.
    explicit Shelf(bool with_folder = true);

    std::string label(int slot) const;  // for people; an empty slot has one too
    std::string name(int slot) const;   // for files; empty for an empty slot
    int find(const std::string& name) const;  // -1 where there is none

    // Reads a slot's instrument, or gives the one that another plug-in of this process plays.
    // Null, and the reason in `error`, if it can't.
    ddsp::InstrumentPointer load(int slot, std::string& error) const;

    // $DDSP_TF_INSTRUMENTS, or ddsp_tf/instruments where the system keeps a user's data.
    static std::string user_folder();

private:
    std::vector<std::string> names_;
    std::vector<std::string> paths_;  // in UTF-8; empty for one that was compiled in
};
