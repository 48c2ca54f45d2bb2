// The smallest CLAP host: loads, restores, sets, activates, processes, saves.
#include <algorithm>
#include <cstring>

#include "clap/entry.h"
#include "clap/events.h"
#include "clap/ext/latency.h"
#include "clap/ext/params.h"
#include "clap/ext/state.h"
#include "clap/ext/thread-check.h"
#include "clap/plugin-factory.h"
#include "clap/plugin.h"
#include "clap/process.h"
#include "host_files.hpp"

namespace {

union Event {
    clap_event_header_t header;
    clap_event_note_t note;
    clap_event_midi_t midi;
    clap_event_param_value_t value;
};

std::vector<Event> queue;

std::uint32_t count(const clap_input_events_t*) { return static_cast<std::uint32_t>(queue.size()); }
const clap_event_header_t* get(const clap_input_events_t*, std::uint32_t i) { return &queue[i].header; }
bool take(const clap_output_events_t*, const clap_event_header_t*) { return true; }

template <typename T>
Event made(T event, std::uint16_t type, std::uint32_t time) {
    event.header = {sizeof(T), time, CLAP_CORE_EVENT_SPACE_ID, type, 0};
    Event all;
    std::memset(&all, 0, sizeof all);
    std::memcpy(&all, &event, sizeof event);
    return all;
}

Event of_message(const Message& message, std::uint32_t time) {
    const int kind = message.bytes[0] & 0xf0;
    if (kind == 0x90 || kind == 0x80) {
        clap_event_note_t note = {};
        note.note_id = -1;
        note.channel = message.bytes[0] & 0x0f;
        note.key = message.bytes[1];
        note.velocity = message.bytes[2] / 127.0;
        return made(note, kind == 0x90 ? CLAP_EVENT_NOTE_ON : CLAP_EVENT_NOTE_OFF, time);
    }
    clap_event_midi_t midi = {};
    std::memcpy(midi.data, message.bytes, 3);
    return made(midi, CLAP_EVENT_MIDI, time);
}

struct Memory {
    std::string bytes;
    std::size_t at = 0;
};

std::int64_t write(const clap_ostream_t* stream, const void* bytes, std::uint64_t n) {
    static_cast<Memory*>(stream->ctx)->bytes.append(static_cast<const char*>(bytes), n);
    return static_cast<std::int64_t>(n);
}

std::int64_t read(const clap_istream_t* stream, void* bytes, std::uint64_t n) {
    auto* memory = static_cast<Memory*>(stream->ctx);
    const std::size_t some = std::min<std::size_t>({n, memory->bytes.size() - memory->at});
    std::memcpy(bytes, memory->bytes.data() + memory->at, some);
    memory->at += some;
    return static_cast<std::int64_t>(some);
}

void nothing(const clap_host_t*) {}
bool yes(const clap_host_t*) { return true; }

const void* extension(const clap_host_t*, const char* id) {
    static const clap_host_latency_t latency = {nothing};
    static const clap_host_thread_check_t threads = {yes, yes};  // there is one
    if (!std::strcmp(id, CLAP_EXT_LATENCY)) return &latency;
    return std::strcmp(id, CLAP_EXT_THREAD_CHECK) ? nullptr : &threads;
}

}  // namespace

int main(int argc, char** argv) {
    const Wish wish = read_wish(argc, argv);
    const auto* entry = static_cast<const clap_plugin_entry_t*>(entry_of(wish.plugin, "clap_entry"));
    if (!entry || !entry->init(wish.plugin.c_str())) fail("no CLAP entry");
    const auto* factory = static_cast<const clap_plugin_factory_t*>(entry->get_factory(CLAP_PLUGIN_FACTORY_ID));
    if (factory->get_plugin_count(factory) != 1) fail("not one plug-in");
    const clap_plugin_descriptor_t* about = factory->get_plugin_descriptor(factory, 0);
    const clap_host_t host = {CLAP_VERSION, nullptr, "ddsp_tf tests", "", "", "1",
                              extension, nothing, nothing, nothing};
    const clap_plugin_t* plugin = factory->create_plugin(factory, &host, about->id);
    if (!plugin || !plugin->init(plugin)) fail("the plug-in isn't made");

    const auto* state = static_cast<const clap_plugin_state_t*>(plugin->get_extension(plugin, CLAP_EXT_STATE));
    const auto* params = static_cast<const clap_plugin_params_t*>(plugin->get_extension(plugin, CLAP_EXT_PARAMS));
    if (!state || !params) fail("no state or no parameters");
    if (!wish.load.empty()) {
        Memory memory{read_all(wish.load)};
        const clap_istream_t stream = {&memory, read};
        if (!state->load(plugin, &stream)) fail("the state isn't restored");
    }
    std::size_t n_known = 0;
    for (std::uint32_t i = 0; i < params->count(plugin); ++i) {
        clap_param_info_t info;
        params->get_info(plugin, i, &info);
        const auto wanted = wish.values.find(info.name);
        if (wanted != wish.values.end()) {
            clap_event_param_value_t value = {};
            value.param_id = info.id;
            value.value = wanted->second;
            value.note_id = value.port_index = value.channel = value.key = -1;
            queue.push_back(made(value, CLAP_EVENT_PARAM_VALUE, 0));
            ++n_known;
        }
    }
    if (n_known != wish.values.size()) fail("a parameter isn't known");
    const clap_input_events_t inputs = {nullptr, count, get};
    const clap_output_events_t outputs = {nullptr, take};
    params->flush(plugin, &inputs, &outputs);
    queue.clear();

    const int longest = *std::max_element(wish.blocks.begin(), wish.blocks.end());
    if (!plugin->activate(plugin, wish.rate, 1, static_cast<std::uint32_t>(longest))) fail("not activated");
    const auto* latency = static_cast<const clap_plugin_latency_t*>(plugin->get_extension(plugin, CLAP_EXT_LATENCY));
    std::printf("%s: latency %u\n", about->name, latency ? latency->get(plugin) : 0);
    if (!plugin->start_processing(plugin)) fail("not processing");

    const std::vector<float> in = read_floats(wish.in);
    const std::vector<Message> events = read_events(wish.events);
    const std::size_t n = in.size();
    std::vector<float> right = in, left = in, out(2 * n);
    std::size_t event = 0, block = 0;
    for (std::size_t at = 0; at < n;) {
        const auto here = static_cast<std::uint32_t>(
            std::min<std::size_t>(n - at, static_cast<std::size_t>(wish.blocks[block++ % wish.blocks.size()])));
        queue.clear();
        for (; event < events.size() && events[event].sample < static_cast<long>(at + here); ++event) {
            queue.push_back(of_message(events[event], static_cast<std::uint32_t>(events[event].sample - static_cast<long>(at))));
        }
        float* sources[] = {left.data() + at, right.data() + at};
        float* sinks[] = {out.data() + at, out.data() + n + at};
        clap_audio_buffer_t source = {sources, nullptr, 2, 0, 0}, sink = {sinks, nullptr, 2, 0, 0};
        clap_process_t process = {};
        process.steady_time = static_cast<std::int64_t>(at);
        process.frames_count = here;
        process.audio_inputs = &source;
        process.audio_outputs = &sink;
        process.audio_inputs_count = process.audio_outputs_count = 1;
        process.in_events = &inputs;
        process.out_events = &outputs;
        if (plugin->process(plugin, &process) == CLAP_PROCESS_ERROR) fail("an error while processing");
        at += here;
    }
    write_floats(wish.out, out);
    plugin->stop_processing(plugin);
    if (!wish.save.empty()) {
        Memory memory;
        const clap_ostream_t stream = {&memory, write};
        if (!state->save(plugin, &stream)) fail("the state isn't saved");
        write_all(wish.save, memory.bytes);
    }
    plugin->deactivate(plugin);
    plugin->destroy(plugin);
    entry->deinit();
    return 0;
}
