// A small LV2 host: reads the ports from what the plug-in says of itself, restores, plays, saves.
// It does what hosts have to do for plug-ins of DPF: urid:map, options, and a worker at once.
#include <algorithm>
#include <cstring>
#include <regex>

#include "host_files.hpp"
#include "lv2/atom-util.h"
#include "lv2/atom.h"
#include "lv2/buf-size.h"
#include "lv2/lv2.h"
#include "lv2/midi.h"
#include "lv2/options.h"
#include "lv2/parameters.h"
#include "lv2/state.h"
#include "lv2/urid.h"
#include "lv2/worker.h"

namespace {

std::vector<std::string> uris;

LV2_URID map_uri(LV2_URID_Map_Handle, const char* uri) {
    const auto at = std::find(uris.begin(), uris.end(), uri);
    if (at != uris.end()) return static_cast<LV2_URID>(at - uris.begin() + 1);
    uris.emplace_back(uri);
    return static_cast<LV2_URID>(uris.size());
}

const char* unmap_uri(LV2_URID_Unmap_Handle, LV2_URID urid) { return uris[urid - 1].c_str(); }

LV2_Handle handle;
const LV2_Worker_Interface* worker;

LV2_Worker_Status respond(LV2_Worker_Respond_Handle, std::uint32_t n, const void* bytes) {
    return worker->work_response ? worker->work_response(handle, n, bytes) : LV2_WORKER_SUCCESS;
}

LV2_Worker_Status schedule(LV2_Worker_Schedule_Handle, std::uint32_t n, const void* bytes) {
    return worker->work(handle, respond, nullptr, n, bytes);
}

// Saved states are lines: the key, a tab, the value; all that is saved here are strings.
std::map<std::string, std::string> states;
std::map<std::string, std::uint32_t> types;

LV2_State_Status store(LV2_State_Handle, std::uint32_t key, const void* value, std::size_t n,
                       std::uint32_t type, std::uint32_t) {
    states[uris[key - 1]] = std::string(static_cast<const char*>(value), n);
    types[uris[key - 1]] = type;
    return LV2_STATE_SUCCESS;
}

const void* retrieve(LV2_State_Handle, std::uint32_t key, std::size_t* n, std::uint32_t* type,
                     std::uint32_t* flags) {
    const auto at = states.find(uris[key - 1]);
    if (at == states.end()) return nullptr;
    *n = at->second.size();
    *type = map_uri(nullptr, LV2_ATOM__String);
    *flags = LV2_STATE_IS_POD;
    return at->second.data();
}

struct Port {
    std::string symbol;
    bool input = false, audio = false, events = false;
    float value = 0.0f;
};

std::vector<Port> read_ports(const std::string& ttl) {
    std::vector<Port> ports;
    const std::regex one("\\[\\s*a lv2:(Input|Output)Port, (lv2|atom):(Audio|Atom|Control)Port[^\\]]*?"
                         "lv2:index (\\d+)[^\\]]*?lv2:symbol \"(\\w+)\"");
    const std::regex usual("lv2:default ([-0-9.e]+)");
    // Scale points are in brackets of their own, behind the symbol.
    for (std::sregex_iterator at(ttl.begin(), ttl.end(), one), end; at != end; ++at) {
        const auto index = static_cast<std::size_t>(std::stoi((*at)[4]));
        if (ports.size() <= index) ports.resize(index + 1);
        Port& port = ports[index];
        port.symbol = (*at)[5];
        port.input = (*at)[1] == "Input";
        port.audio = (*at)[3] == "Audio";
        port.events = (*at)[3] == "Atom";
        const auto from = ttl.begin() + at->position() + at->length();
        std::smatch found;
        if (port.input && !port.audio && !port.events && std::regex_search(from, ttl.end(), found, usual)) {
            port.value = std::stof(found[1]);
        }
    }
    return ports;
}

}  // namespace

int main(int argc, char** argv) {
    const Wish wish = read_wish(argc, argv);  // PLUGIN is the bundle's folder
    const std::string folder = wish.plugin + "/", stem = [&] {
        const std::string name = wish.plugin.substr(wish.plugin.rfind('/') + 1);
        return name.substr(0, name.rfind('.'));
    }();
    std::vector<Port> ports = read_ports(read_all(folder + stem + ".ttl"));
    const auto descriptor =
        reinterpret_cast<LV2_Descriptor_Function>(entry_of(folder + stem + ".so", "lv2_descriptor"));
    const LV2_Descriptor* plugin = descriptor ? descriptor(0) : nullptr;
    if (!plugin) fail("no LV2 plug-in");

    LV2_URID_Map map = {nullptr, map_uri};
    LV2_URID_Unmap unmap = {nullptr, unmap_uri};
    LV2_Worker_Schedule scheduling = {nullptr, schedule};
    const int longest = *std::max_element(wish.blocks.begin(), wish.blocks.end());
    const std::int32_t most = longest;
    const float rate = static_cast<float>(wish.rate);
    const LV2_URID of_int = map_uri(nullptr, LV2_ATOM__Int), of_float = map_uri(nullptr, LV2_ATOM__Float);
    const LV2_Options_Option options[] = {
        {LV2_OPTIONS_INSTANCE, 0, map_uri(nullptr, LV2_BUF_SIZE__nominalBlockLength), sizeof most, of_int, &most},
        {LV2_OPTIONS_INSTANCE, 0, map_uri(nullptr, LV2_BUF_SIZE__maxBlockLength), sizeof most, of_int, &most},
        {LV2_OPTIONS_INSTANCE, 0, map_uri(nullptr, LV2_PARAMETERS__sampleRate), sizeof rate, of_float, &rate},
        {LV2_OPTIONS_INSTANCE, 0, 0, 0, 0, nullptr}};
    const LV2_Feature features[] = {{LV2_URID__map, &map}, {LV2_URID__unmap, &unmap},
                                    {LV2_WORKER__schedule, &scheduling},
                                    {LV2_OPTIONS__options, const_cast<LV2_Options_Option*>(options)}};
    const LV2_Feature* const offered[] = {&features[0], &features[1], &features[2], &features[3], nullptr};
    handle = plugin->instantiate(plugin, wish.rate, folder.c_str(), offered);
    if (!handle) fail("the plug-in isn't made");
    worker = static_cast<const LV2_Worker_Interface*>(plugin->extension_data(LV2_WORKER__interface));
    const auto* state = static_cast<const LV2_State_Interface*>(plugin->extension_data(LV2_STATE__interface));
    if (!worker || !state) fail("no worker or no state");

    std::size_t n_known = 0;
    for (Port& port : ports) {
        const auto wanted = wish.values.find(port.symbol);
        if (wanted == wish.values.end()) continue;
        port.value = static_cast<float>(wanted->second);
        ++n_known;
    }
    if (n_known != wish.values.size()) fail("a port isn't known");
    if (!wish.load.empty()) {  // ports too: a host keeps their values
        std::ifstream file(wish.load);
        for (std::string key, value; std::getline(file, key, '\t') && std::getline(file, value);) {
            for (Port& port : ports) {
                if (port.symbol == key) port.value = std::stof(value);
            }
            if (key.find(':') != std::string::npos) states[key] = value + '\0';
        }
        if (state->restore(handle, retrieve, nullptr, LV2_STATE_IS_POD, offered) != LV2_STATE_SUCCESS) {
            fail("the state isn't restored");
        }
    }

    const std::vector<float> in = read_floats(wish.in);
    const std::vector<Message> events = read_events(wish.events);
    const std::size_t n = in.size();
    std::vector<float> out(2 * n);
    std::vector<std::uint64_t> sequence(4096), answers(4096);
    auto* notes = reinterpret_cast<LV2_Atom_Sequence*>(sequence.data());
    for (std::size_t i = 0; i < ports.size(); ++i) {
        if (!ports[i].audio && !ports[i].events) {
            plugin->connect_port(handle, static_cast<std::uint32_t>(i), &ports[i].value);
        }
    }
    plugin->activate(handle);
    std::size_t event = 0, block = 0;
    for (std::size_t at = 0; at < n;) {
        const std::size_t here = std::min<std::size_t>(
            n - at, static_cast<std::size_t>(wish.blocks[block++ % wish.blocks.size()]));
        lv2_atom_sequence_clear(notes);
        notes->atom.type = map_uri(nullptr, LV2_ATOM__Sequence);
        notes->body.unit = notes->body.pad = 0;
        for (; event < events.size() && events[event].sample < static_cast<long>(at + here); ++event) {
            struct { LV2_Atom_Event event; std::uint8_t bytes[8]; } one = {};
            one.event.time.frames = events[event].sample - static_cast<long>(at);
            one.event.body.type = map_uri(nullptr, LV2_MIDI__MidiEvent);
            one.event.body.size = 3;
            std::memcpy(one.bytes, events[event].bytes, 3);
            lv2_atom_sequence_append_event(notes, 30000, &one.event);
        }
        auto* answer = reinterpret_cast<LV2_Atom_Sequence*>(answers.data());
        answer->atom.size = 30000;
        answer->atom.type = map_uri(nullptr, LV2_ATOM__Chunk);
        int n_outs = 0;
        for (std::size_t i = 0; i < ports.size(); ++i) {
            const auto index = static_cast<std::uint32_t>(i);
            if (ports[i].events) {
                plugin->connect_port(handle, index, ports[i].input ? notes : answer);
            } else if (ports[i].audio && ports[i].input) {
                plugin->connect_port(handle, index, const_cast<float*>(in.data()) + at);
            } else if (ports[i].audio) {
                plugin->connect_port(handle, index, out.data() + static_cast<std::size_t>(n_outs++) * n + at);
            }
        }
        plugin->run(handle, static_cast<std::uint32_t>(here));
        if (worker->end_run) worker->end_run(handle);
        at += here;
    }
    write_floats(wish.out, out);
    for (const Port& port : ports) {
        if (port.symbol == "lv2_latency") std::printf("%s: latency %d\n", stem.c_str(), static_cast<int>(port.value));
    }
    if (!wish.save.empty()) {
        states.clear();
        if (state->save(handle, store, nullptr, LV2_STATE_IS_POD, offered) != LV2_STATE_SUCCESS) {
            fail("the state isn't saved");
        }
        std::string text;
        for (const auto& [key, value] : states) text += key + '\t' + value.c_str() + '\n';
        for (const Port& port : ports) {
            if (port.input && !port.audio && !port.events) text += port.symbol + '\t' + std::to_string(port.value) + '\n';
        }
        write_all(wish.save, text);
    }
    plugin->deactivate(handle);
    plugin->cleanup(handle);
    return 0;
}
