#include "ddsp_engine.hpp"

namespace ddsp {

const ParameterRange& parameter_range(Parameter parameter) noexcept {
    static const ParameterRange ranges[] = {
        {"octave", "octaves", -4.0f, 4.0f, 0.0f, true},
        {"transpose", "semitones", -24.0f, 24.0f, 0.0f, false},
        {"tuning", "cents", -100.0f, 100.0f, 0.0f, false},
        {"loudness", "dB", -40.0f, 40.0f, 0.0f, false},
        {"dynamics", "", 0.0f, 4.0f, 1.0f, false},
        {"attack", "s", 0.001f, 2.0f, 0.02f, false},
        {"release", "s", 0.005f, 5.0f, 0.06f, false},
        {"vibrato_rate", "Hz", 0.1f, 20.0f, 5.5f, false},
        {"vibrato_depth", "cents", 0.0f, 200.0f, 0.0f, false},
        {"vibrato_delay", "s", 0.0f, 5.0f, 0.3f, false},
        {"noise", "", 0.0f, 4.0f, 1.0f, false},
        {"room", "", 0.0f, 4.0f, 1.0f, false},
        {"wet", "", 0.0f, 1.0f, 1.0f, false},
        {"gate", "", 0.0f, 1.0f, 1.0f, true},
        {"voices", "", 1.0f, 64.0f, 16.0f, true},
        {"output", "dB", -60.0f, 24.0f, 0.0f, false},
    };
    static_assert(sizeof ranges / sizeof *ranges == static_cast<int>(Parameter::count));
    return ranges[static_cast<int>(parameter)];
}

}  // namespace ddsp
