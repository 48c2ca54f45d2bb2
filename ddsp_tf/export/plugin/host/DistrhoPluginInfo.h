// What DPF asks of a plug-in. DDSP_EFFECT is 1 for sound in, 0 for notes in.
#pragma once

#if DDSP_EFFECT
#define DISTRHO_PLUGIN_NAME "ddsp_tf effect"
#define DISTRHO_PLUGIN_URI "urn:ddsp_tf:effect"
#define DISTRHO_PLUGIN_CLAP_ID "ddsp_tf.effect"
#define DISTRHO_PLUGIN_NUM_INPUTS 2
#define DISTRHO_PLUGIN_IS_SYNTH 0
#define DISTRHO_PLUGIN_WANT_MIDI_INPUT 0
#define DISTRHO_PLUGIN_LV2_CATEGORY "lv2:PitchPlugin"
#define DISTRHO_PLUGIN_VST3_CATEGORIES "Fx|Pitch Shift|Stereo"
#define DISTRHO_PLUGIN_CLAP_FEATURES "audio-effect", "pitch-shifter", "stereo"
#else
#define DISTRHO_PLUGIN_NAME "ddsp_tf instrument"
#define DISTRHO_PLUGIN_URI "urn:ddsp_tf:instrument"
#define DISTRHO_PLUGIN_CLAP_ID "ddsp_tf.instrument"
#define DISTRHO_PLUGIN_NUM_INPUTS 0
#define DISTRHO_PLUGIN_IS_SYNTH 1
#define DISTRHO_PLUGIN_WANT_MIDI_INPUT 1
#define DISTRHO_PLUGIN_LV2_CATEGORY "lv2:InstrumentPlugin"
#define DISTRHO_PLUGIN_VST3_CATEGORIES "Instrument|Synth|Stereo"
#define DISTRHO_PLUGIN_CLAP_FEATURES "instrument", "synthesizer", "stereo"
#endif

#define DISTRHO_PLUGIN_BRAND "ddsp_tf"
#define DISTRHO_PLUGIN_NUM_OUTPUTS 2
#define DISTRHO_PLUGIN_HAS_UI 0
#define DISTRHO_PLUGIN_IS_RT_SAFE 1
#define DISTRHO_PLUGIN_WANT_LATENCY 1
#define DISTRHO_PLUGIN_WANT_STATE 1
#define DISTRHO_PLUGIN_WANT_FULL_STATE 1
