// From a container to an instrument: every number is checked against what the engine can play.
#include <cmath>
#include <cstdio>
#include <memory>

#include "container.hpp"
#include "ddsp_engine.hpp"
#include "instrument_data.hpp"

namespace ddsp {
namespace {

class Reader {
public:
    Reader(Container& container, InstrumentData& data) : file_(container), data_(data) {}

    void read() {
        const Json& facts = file_.facts();
        if (text(facts["format"]) != "ddsp_tf instrument for plug-ins") {
            file_.fail("It isn't an instrument of ddsp_tf.");
            return;
        }
        data_.title = text(facts["title"]);
        data_.licence = text(facts["licence"]);
        data_.sample_rate = integer(facts, "sample_rate", 4000, 768000);
        data_.hop_length = integer(facts, "hop_length", 1, 8192);
        read_ranges(facts);
        read_features(facts["features"]);
        read_synthesis(facts["synthesis"]);
        read_network(facts["network"]);
        read_tracker();
    }

private:
    Container& file_;
    InstrumentData& data_;

    static std::string text(const Json& value) {
        return value.is(Json::Kind::text) ? value.text : std::string();
    }

    double number(const Json& from, const char* key, double low, double high) {
        const Json& value = from[key];
        if (value.is(Json::Kind::number) && value.number >= low && value.number <= high) {
            return value.number;
        }
        file_.fail(std::string("It is damaged: `") + key + "` is missing or out of its range.");
        return low;
    }

    int integer(const Json& from, const char* key, int low, int high) {
        const double value = number(from, key, low, high);
        if (value != std::floor(value)) {
            file_.fail(std::string("It is damaged: `") + key + "` should be a whole number.");
        }
        return static_cast<int>(value);
    }

    bool truth(const Json& from, const char* key) {
        if (!from[key].is(Json::Kind::boolean)) {
            file_.fail(std::string("It is damaged: `") + key + "` should be true or false.");
        }
        return from[key].truth;
    }

    // Two numbers in order, or nothing where the file says null.
    bool pair(const Json& value, float* found, double low, double high) {
        if (value.is(Json::Kind::null)) return false;
        const auto& items = value.items;
        if (items.size() != 2 || !items[0].is(Json::Kind::number) ||
            !items[1].is(Json::Kind::number) || items[0].number < low ||
            items[1].number > high || items[0].number > items[1].number) {
            file_.fail("It is damaged: a range of pitch or loudness is not one.");
            return false;
        }
        found[0] = static_cast<float>(items[0].number);
        found[1] = static_cast<float>(items[1].number);
        return true;
    }

    void read_ranges(const Json& facts) {
        data_.has_ranges = pair(facts["f0_hz_range"], data_.f0_hz_range, 0.0, 20000.0) &&
                           pair(facts["loudness_db_range"], data_.loudness_db_range, -1e3, 1e3);
        const Json& quantiles = facts["loudness_db_quantiles"];
        for (const Json& value : quantiles.items) {
            if (!value.is(Json::Kind::number) || std::fabs(value.number) > 1e3) {
                file_.fail("It is damaged: a loudness is not a number of dB.");
                return;
            }
            data_.loudness_quantiles.push_back(static_cast<float>(value.number));
        }
        if (data_.loudness_quantiles.size() == 1) file_.fail("It is damaged: one quantile.");
        data_.usual_f0_hz = static_cast<float>(number(facts, "usual_f0_hz", 1.0, 20000.0));
        float midi[2] = {}, db[2] = {};
        const Json& read = facts["read_range"];
        data_.read_range.known = pair(read["f0_midi"], midi, -1e3, 1e3) &&
                                 pair(read["loudness_db"], db, -1e3, 1e3);
        if (data_.read_range.known) data_.read_range = {true, midi[0], midi[1], db[0], db[1]};
    }

    void read_features(const Json& features) {
        const std::string kind = text(features["loudness"]);
        if (kind == "rms") data_.loudness_kind = LoudnessKind::rms;
        else if (kind == "magenta") data_.loudness_kind = LoudnessKind::magenta;
        else if (kind != "a_weighted") file_.fail("It is damaged: its loudness is unknown.");
        data_.loudness_length = integer(features, "loudness_fft_length", 2, 65536);
        // Files of before don't say it.
        if (!features["f0_refined"].is(Json::Kind::null)) data_.f0_refined = truth(features, "f0_refined");
    }

    void read_synthesis(const Json& facts) {
        Synthesis& synthesis = data_.synthesis;
        synthesis.n_harmonics = integer(facts, "n_harmonics", 1, 1024);
        const std::string crossfade = text(facts["amplitude_crossfade"]);
        synthesis.window_crossfade = crossfade == "window";
        if (crossfade != "window" && crossfade != "linear") {
            file_.fail("It is damaged: `amplitude_crossfade` is unknown.");
        }
        synthesis.scale_harmonics = truth(facts, "scale_harmonics");
        synthesis.mute_above_nyquist = truth(facts, "normalize_below_nyquist");
        const Json& noise = facts["noise"];
        if (!noise.is(Json::Kind::null)) {
            synthesis.n_bands = integer(noise, "n_bands", 2, 1025);
            synthesis.window_length = integer(noise, "window_length", 2, 2 * synthesis.n_bands - 2);
            if (synthesis.window_length % 2) file_.fail("It is damaged: `window_length` is odd.");
            if (synthesis.window_length > 128 * data_.hop_length) {
                file_.fail("It can't be played: its noise filters are longer than 128 hops.");
            }
            synthesis.seed = static_cast<unsigned>(
                static_cast<long long>(number(noise, "seed", -2147483648.0, 4294967295.0)));
            synthesis.scale_noise = truth(noise, "scale");
            synthesis.noise_bias = static_cast<float>(number(noise, "initial_bias", -100.0, 100.0));
        }
        const Json& room = facts["reverb"];
        if (!room.is(Json::Kind::null)) {
            synthesis.add_dry = truth(room, "add_dry");
            const int n_taps = integer(room, "n_taps", 1, 1 << 23);
            synthesis.room = file_.array("room/impulse_response", {n_taps});
            // The dry sound stands there, if at all; see docs/contract.md.
            if (!synthesis.room.empty()) synthesis.room[0] = 0.0f;
        }
    }

    Dense dense(const std::string& name, int n_in, int n_out) {
        const Floats kernel = file_.array(name + "/kernel", {n_in, n_out});
        return packed(kernel, file_.array(name + "/bias", {n_out}), n_in, n_out);
    }

    Dense packed(const Floats& kernel, const Floats& bias, int n_in, int n_out) {
        Dense result;
        if (!file_.error().empty()) return result;
        result.n_in = n_in;
        result.n_out = n_out;
        result.bias = bias;
        result.bias.resize(static_cast<std::size_t>(result.n_padded()));
        result.panels.resize(static_cast<std::size_t>(n_in) * result.bias.size());
        for (int i = 0; i < n_in; ++i) {
            for (int o = 0; o < n_out; ++o) {
                const std::size_t row = static_cast<std::size_t>(o / 32) * n_in + i;
                result.panels[row * 32 + o % 32] = kernel[static_cast<std::size_t>(i) * n_out + o];
            }
        }
        return result;
    }

    Stack stack(const std::string& name, int n_layers, int n_in, int n_channels) {
        Stack layers;
        for (int i = 0; i < n_layers && file_.error().empty(); ++i) {
            const std::string here = name + "/" + std::to_string(i);
            NormalLayer layer{dense(here, n_in, n_channels), {}, {}};
            layer.gain = file_.array(here + "/gain", {n_channels});
            layer.offset = file_.array(here + "/offset", {n_channels});
            layers.push_back(std::move(layer));
            n_in = n_channels;
        }
        return layers;
    }

    void read_network(const Json& facts) {
        Network& network = data_.network;
        const std::string kind = text(facts["kind"]);
        if (kind == "min_gru") network.kind = NetworkKind::min_gru;
        else if (kind == "convolutions") network.kind = NetworkKind::convolutions;
        else if (kind != "gru") {
            file_.fail("Its network is of a kind that this program doesn't know: update it.");
        }
        network.n_channels = integer(facts, "channels", 1, 4096);
        network.n_units = integer(facts, "units", 1, 4096);
        network.n_cosines = integer(facts, "input_cosines", 0, 256);
        const int n_layers = integer(facts, "layers_per_stack", 0, 16);
        const int most = network.kind == NetworkKind::gru ? 1 : 16;
        const int n_recurrences = integer(facts, "recurrences", 1, most);
        const auto& keys = facts["input_keys"].items;
        if (keys.empty() || keys.size() > 2) file_.fail("It is damaged: it has no inputs.");
        const int n_in = 1 + network.n_cosines;
        for (const Json& key : keys) {
            const std::string name = text(key);
            if (name != "f0_scaled" && name != "loudness_scaled") {
                file_.fail("Its network reads what this program doesn't know: update it.");
                return;
            }
            network.reads_pitch.push_back(name == "f0_scaled");
            network.inputs.push_back(
                stack("decoder/" + name, n_layers, n_in, network.n_channels));
            network.n_joined += n_layers ? network.n_channels : n_in;
        }
        if (!file_.error().empty()) return;
        if (network.kind == NetworkKind::convolutions) read_convolutions(facts, n_recurrences);
        else read_recurrences(n_recurrences);
        const int n_read = network.n_joined + network.n_recurrent();
        network.output = stack("decoder/output", n_layers, n_read, network.n_channels);
        read_controls(facts["outputs"], n_layers ? network.n_channels : n_read);
    }

    void read_recurrences(int count) {
        Network& network = data_.network;
        const int units = network.n_units;
        int n_in = network.n_joined;
        for (int i = 0; i < count && file_.error().empty(); ++i) {
            const std::string name = "decoder/recurrence/" + std::to_string(i);
            Recurrence layer;
            const bool is_gru = network.kind == NetworkKind::gru;
            layer.input = dense(name, n_in, is_gru ? 3 * units : 2 * units);
            if (is_gru) {
                layer.state = dense(name + "/state", units, 3 * units);
            } else {
                layer.gain = file_.array(name + "/gain", {units});
                layer.offset = file_.array(name + "/offset", {units});
            }
            network.recurrences.push_back(std::move(layer));
            n_in = units;
        }
    }

    void read_convolutions(const Json& facts, int count) {
        Network& network = data_.network;
        const int units = network.n_units;
        network.kernel_size = integer(facts, "kernel_size", 1, 64);
        const auto& dilations = facts["dilations"].items;
        if (static_cast<int>(dilations.size()) != count) {
            file_.fail("It is damaged: `dilations` should be one number a convolution.");
            return;
        }
        double n_remembered = 0.0;
        for (const Json& dilation : dilations) {
            const double frames = dilation.is(Json::Kind::number) ? dilation.number : 0.0;
            if (frames < 1.0 || frames > 65536.0 || frames != std::floor(frames)) {
                file_.fail("It is damaged: a dilation is no number of frames.");
                return;
            }
            n_remembered += frames * (network.kernel_size - 1) * units;
        }
        if (n_remembered > 16e6) {
            file_.fail("It can't be played: its network remembers more than 16 million numbers.");
            return;
        }
        network.entry = dense("decoder/entry", network.n_joined, units);
        for (int i = 0; i < count && file_.error().empty(); ++i) {
            const std::string name = "decoder/recurrence/" + std::to_string(i);
            Recurrence layer;
            layer.dilation = static_cast<int>(dilations[static_cast<std::size_t>(i)].number);
            layer.input = dense(name, network.kernel_size * units, units);
            layer.gain = file_.array(name + "/gain", {units});
            layer.offset = file_.array(name + "/offset", {units});
            network.recurrences.push_back(std::move(layer));
        }
    }

    void read_controls(const Json& outputs, int n_in) {
        Network& network = data_.network;
        int at = 0, n_known = 0;
        for (const Json& output : outputs.items) {
            const std::string name = text(output["name"]);
            const int size = integer(output, "size", 1, 1025);
            const bool fits =
                (name == "amplitudes" && size == 1) ||
                (name == "harmonic_distribution" && size == data_.synthesis.n_harmonics) ||
                (name == "noise_magnitudes" && size == data_.synthesis.n_bands);
            if (!fits) file_.fail("It is damaged: its network makes something else.");
            if (name == "amplitudes") network.amplitude_at = at, n_known |= 1;
            if (name == "harmonic_distribution") network.distribution_at = at, n_known |= 2;
            if (name == "noise_magnitudes") network.noise_at = at, n_known |= 4;
            at += size;
        }
        if (n_known != (data_.synthesis.n_bands ? 7 : 3) || outputs.items.size() > 3) {
            file_.fail("It is damaged: its network doesn't make what its synthesiser plays.");
            return;
        }
        network.controls = dense("decoder/controls", n_in, at);
    }

    void read_tracker() {
        if (file_.facts()["tracker"].is(Json::Kind::null)) return;
        static const int taps[6] = {512, 64, 64, 64, 64, 64}, share[6] = {32, 4, 4, 4, 8, 16};
        const int multiplier = integer(file_.facts()["tracker"], "multiplier", 4, 32);
        if (multiplier % 4) file_.fail("It is damaged: its tracker is of no known size.");
        int n_in = 1, n_positions = 256;
        for (int i = 0; i < 6 && file_.error().empty(); ++i) {
            const std::string name = "tracker/" + std::to_string(i);
            Convolution layer;
            layer.n_taps = taps[i];
            layer.n_in = n_in;
            layer.n_out = share[i] * multiplier;
            layer.n_positions = n_positions;
            layer.kernel = file_.array(name + "/kernel", {taps[i], n_in, layer.n_out});
            layer.bias = file_.array(name + "/bias", {n_positions, layer.n_out});
            if (file_.has(name + "/least")) {
                for (const float value : file_.array(name + "/least", {layer.n_out})) {
                    layer.least.push_back(value > 0.5f);
                }
            }
            n_in = layer.n_out;
            n_positions /= 2;
            data_.tracker.layers.push_back(std::move(layer));
        }
        data_.tracker.classifier = dense("tracker/classifier", n_in * n_positions, 360);
    }
};

}  // namespace

Instrument::Instrument(std::unique_ptr<InstrumentData> data) : data_(std::move(data)) {}
Instrument::~Instrument() = default;

InstrumentPointer Instrument::read(const void* bytes, std::size_t n_bytes, std::string& error) {
    error.clear();
    Container container;
    if (!container.read(static_cast<const unsigned char*>(bytes), n_bytes, error)) return nullptr;
    auto data = std::make_unique<InstrumentData>();
    Reader(container, *data).read();
    if (!container.error().empty()) {
        error = container.error();
        return nullptr;
    }
    data->facts = container.text();
    return std::make_shared<const Instrument>(std::move(data));
}

InstrumentPointer Instrument::open(const std::string& path, std::string& error) {
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                         &std::fclose);
    if (!file) {
        error = "It can't be opened.";
        return nullptr;
    }
    // What is read is what there is: a length that a header claims takes no memory.
    std::string content;
    char part[1 << 14];
    std::size_t n;
    while ((n = std::fread(part, 1, sizeof part, file.get())) > 0) {
        content.append(part, n);
        if (content.size() > (512u << 20)) break;
    }
    return read(content.data(), content.size(), error);
}

const std::string& Instrument::title() const noexcept { return data_->title; }
const std::string& Instrument::licence() const noexcept { return data_->licence; }
const std::string& Instrument::facts() const noexcept { return data_->facts; }
int Instrument::sample_rate() const noexcept { return data_->sample_rate; }
int Instrument::hop_length() const noexcept { return data_->hop_length; }
int Instrument::n_harmonics() const noexcept { return data_->synthesis.n_harmonics; }
int Instrument::n_noise_bands() const noexcept { return data_->synthesis.n_bands; }
int Instrument::n_room_taps() const noexcept {
    return static_cast<int>(data_->synthesis.room.size());
}

bool Instrument::can_hear() const noexcept { return !data_->tracker.layers.empty(); }

bool Instrument::f0_hz_range(float& lowest, float& highest) const noexcept {
    lowest = data_->f0_hz_range[0];
    highest = data_->f0_hz_range[1];
    return data_->has_ranges;
}

bool Instrument::loudness_db_range(float& softest, float& loudest) const noexcept {
    softest = data_->loudness_db_range[0];
    loudest = data_->loudness_db_range[1];
    return data_->has_ranges;
}

}  // namespace ddsp
