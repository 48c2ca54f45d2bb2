// Makes the calls of ddsp~ and nn~ without either: in C++, with libtorch, from files of numbers.
//
//   torch_host ddsp FILE IN OUT            IN: pitch, then loudness; blocks of 1,024, as ddsp~
//   torch_host nn FILE METHOD ROWS BLOCK IN OUT [NAME=VALUE...]
//                                          IN: the inlets of each row, one after the other
//
// Prints one fact a line. Numbers are float32 in the machine's order.
#include <ATen/Parallel.h>
#include <torch/script.h>

#include <ctime>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

namespace {

std::vector<float> read(const std::string& path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    std::vector<float> values(static_cast<std::size_t>(file.tellg()) / sizeof(float));
    file.seekg(0);
    file.read(reinterpret_cast<char*>(values.data()),
              static_cast<std::streamsize>(values.size() * sizeof(float)));
    return values;
}

void write(const std::string& path, const std::vector<float>& values) {
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(values.data()),
               static_cast<std::streamsize>(values.size() * sizeof(float)));
}

double seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// ddsp~ lets a new thread play each block, reads 1,024 numbers at the data pointer, and sends none
// but `forward`.
int play_as_ddsp(const std::string& path, const std::string& in, const std::string& out) {
    constexpr int block = 1024;
    torch::jit::script::Module model = torch::jit::load(path);
    model.to(torch::kCPU);
    model.eval();
    std::vector<float> signals = read(in);
    const std::size_t n = signals.size() / 2;
    std::vector<float> played(n);
    double most = 0.0, total = 0.0;
    for (std::size_t start = 0; start + block <= n; start += block) {
        double spent = 0.0;
        std::thread worker([&] {
            const double begin = seconds();
            torch::NoGradGuard no_grad;
            std::vector<torch::jit::IValue> inputs = {
                torch::from_blob(signals.data() + start, {1, block, 1}),
                torch::from_blob(signals.data() + n + start, {1, block, 1})};
            const torch::Tensor audio = model.forward(inputs).toTensor();
            if (audio.scalar_type() != torch::kFloat || !audio.is_contiguous()) std::abort();
            const float* from = audio.data_ptr<float>();
            std::copy(from, from + block, played.begin() + static_cast<long>(start));
            spent = seconds() - begin;
        });
        worker.join();
        total += spent;
        if (start >= 16 * block) most = std::max(most, spent);
    }
    write(out, played);
    std::cout << "mean_ms " << 1e3 * total / static_cast<double>(n / block) << "\n"
              << "most_ms " << 1e3 * most << "\n";
    return 0;
}

void set_attribute(torch::jit::script::Module& model, const std::string& setting) {
    const std::size_t equals = setting.find('=');
    const std::string name = setting.substr(0, equals), text = setting.substr(equals + 1);
    const auto kind = model.attr(name + "_params").toTensor()[0].item<int>();
    torch::jit::IValue value = kind == 1 ? torch::jit::IValue(std::stoi(text))
                                         : torch::jit::IValue(std::stod(text));
    const auto answer = model.get_method("set_" + name)({value}).toInt();
    std::cout << "set_" << name << " " << answer << "\n"
              << "get_" << name << " " << model.get_method("get_" + name)({}) << "\n";
}

int play_as_nn(int argc, char** argv) {
    torch::jit::script::Module model = torch::jit::load(argv[2]);
    model.eval();
    model.to(torch::kCPU);
    const std::string method = argv[3];
    const int n_rows = std::stoi(argv[4]), block = std::stoi(argv[5]);
    for (const auto& name : model.get_method("get_methods")({}).toList()) {
        std::cout << "method " << torch::jit::IValue(name).toStringRef() << "\n";
    }
    for (const auto& name : model.get_method("get_attributes")({}).toList()) {
        std::cout << "attribute " << torch::jit::IValue(name).toStringRef() << "\n";
    }
    std::cout << "rate " << model.get_method("get_sample_rate")({}).toInt() << "\n";
    const torch::Tensor params = model.attr(method + "_params").toTensor();
    const int n_inlets = params[0].item<int>(), n_outlets = params[2].item<int>();
    std::cout << "params";
    for (int i = 0; i < 4; ++i) std::cout << " " << params[i].item<int>();
    std::cout << "\n";
    for (int i = 8; i < argc; ++i) set_attribute(model, argv[i]);
    std::vector<float> signals = read(argv[6]);
    const auto n_samples = static_cast<std::int64_t>(signals.size()) / (n_rows * n_inlets);
    const torch::Tensor given = torch::from_blob(signals.data(), {n_rows, n_inlets, n_samples});
    std::vector<torch::Tensor> parts;
    c10::InferenceMode guard;
    double total = 0.0;
    for (std::int64_t start = 0; start < given.size(2); start += block) {
        const std::int64_t end = std::min<std::int64_t>(start + block, given.size(2));
        const double begin = seconds();
        parts.push_back(
            model.get_method(method)({given.slice(2, start, end).clone()}).toTensor());
        total += seconds() - begin;
    }
    const torch::Tensor audio = torch::cat(parts, 2).contiguous();
    if (audio.size(0) != n_rows || audio.size(1) != n_outlets) std::abort();
    const float* from = audio.data_ptr<float>();
    write(argv[7], std::vector<float>(from, from + audio.numel()));
    std::cout << "mean_ms " << 1e3 * total / static_cast<double>(parts.size()) << "\n";
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    at::set_num_threads(1);
    const std::string mode = argc > 1 ? argv[1] : "";
    if (mode == "ddsp" && argc == 5) return play_as_ddsp(argv[2], argv[3], argv[4]);
    if (mode == "nn" && argc >= 8) return play_as_nn(argc, argv);
    std::cerr << "torch_host ddsp FILE IN OUT | nn FILE METHOD ROWS BLOCK IN OUT [NAME=VALUE...]\n";
    return 2;
}
