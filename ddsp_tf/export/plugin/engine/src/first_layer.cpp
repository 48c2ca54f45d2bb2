#include "first_layer.hpp"

#include <algorithm>

#include "kernels.hpp"

namespace ddsp {
namespace {

constexpr int n_taps = 512, stride = 4, first_tap = -254;

}  // namespace

FirstLayer::FirstLayer(const Convolution& layer, int n_ahead)
    : layer_(layer),
      n_out_(layer.n_out),
      n_heard_(frame_length / 2 + n_ahead),
      sums_(static_cast<std::size_t>(n_kept) * n_out_),
      edges_(static_cast<std::size_t>(n_snapshots) * n_edge * n_out_),
      tap_sums_(static_cast<std::size_t>(n_outputs) * n_out_),
      block_(static_cast<std::size_t>(longest_block + 2 * pad)),
      samples_(2 * frame_length),
      frame_(frame_length) {
    for (int output = 0; output < n_outputs; ++output) {
        float* to = tap_sums_.data() + static_cast<std::size_t>(output) * n_out_;
        for (int tap = 0; tap < n_taps; ++tap) {
            const int sample = stride * output + first_tap + tap;
            if (sample < 0 || sample >= frame_length) continue;
            const float* row = layer.kernel.data() + static_cast<std::size_t>(tap) * n_out_;
            for (int o = 0; o < n_out_; ++o) to[o] += row[o];
        }
    }
    reset();
}

void FirstLayer::reset() noexcept {
    for (Floats* part : {&sums_, &edges_, &block_, &samples_}) {
        std::fill(part->begin(), part->end(), 0.0f);
    }
    n_block_ = 0;
    n_samples_ = 0;
    // Outputs from half a frame before the first sample on are asked for; all are zeros.
    cleared_ = frame_length / stride;
}

// Frame c begins 512 samples before sample 160 c and is heard with 512 or 192 after it: blocks of sound
// end where a frame begins (128 more than a multiple of 160) or is heard (32 more).
bool FirstLayer::push(float sample) noexcept {
    block_[static_cast<std::size_t>(pad + n_block_)] = sample;
    samples_[static_cast<std::size_t>(n_samples_ & (2 * frame_length - 1))] = sample;
    ++n_block_;
    ++n_samples_;
    const std::int64_t place = n_samples_ % frame_step;
    if (place != 32 && place != 128) return false;
    accumulate();
    if (place == 128) {
        // Frame c's first outputs; what they have now, they have from before the frame.
        const std::int64_t first = n_samples_ / stride, c = (n_samples_ + 512) / frame_step;
        for (int edge = 0; edge < n_edge; ++edge) {
            const float* from = sums(first + edge);
            float* to = edges_.data() +
                        static_cast<std::size_t>((c % n_snapshots) * n_edge + edge) * n_out_;
            std::copy(from, from + n_out_, to);
        }
        return false;
    }
    if (n_samples_ < n_heard_ - frame_length / 2) return false;
    frame_start_ = n_samples_ - n_heard_;
    for (int i = 0; i < n_heard_; ++i) {
        frame_[static_cast<std::size_t>(i)] =
            samples_[static_cast<std::size_t>((frame_start_ + i) & (2 * frame_length - 1))];
    }
    return true;
}

void FirstLayer::accumulate() noexcept {
    const std::int64_t begin = n_samples_ - n_block_, end = n_samples_;
    // Outputs that read any of the block, from a multiple of four on; none before the first frame's.
    const std::int64_t low = (begin + first_tap - 4) / stride - 1;
    const std::int64_t last = (end - 1 - first_tap) / stride;
    std::int64_t first = ((low + n_kept) & ~std::int64_t{3}) - n_kept;
    // The last outputs of a frame may read only what is not waited for.
    const std::int64_t beyond = std::max(3, (frame_length - n_heard_) / stride);
    while (cleared_ <= last + beyond) {
        float* row = sums(cleared_++);
        std::fill(row, row + n_out_, 0.0f);
    }
    for (; first <= last; first += 4) {
        const std::int64_t start = stride * first + first_tap;  // of the first output's samples
        const std::int64_t from = std::max<std::int64_t>(0, begin - start - 3 * stride);
        const std::int64_t to = std::min<std::int64_t>(n_taps, end - start);
        if (to <= from) continue;
        const float* x = block_.data() + pad + (start + from - begin);
        const float* w = layer_.kernel.data() + static_cast<std::size_t>(from) * n_out_;
        float* y = sums(first);
        for (int o = 0; o < n_out_; o += 16) {
            kernels().convolve_tile(w + o, n_out_, static_cast<int>(to - from), x, stride, y + o,
                                    n_out_);
        }
    }
    n_block_ = 0;
    std::fill(block_.begin(), block_.end(), 0.0f);
}

void FirstLayer::read(float mean, float deviation, float* pooled) const noexcept {
    const float scale = 1.0f / deviation;
    // Frames that begin before the first sample have nothing from before them.
    const bool has_edge = frame_start_ > 0;
    const std::int64_t c = (frame_start_ + 512) / frame_step;
    for (int output = 0; output < n_outputs; ++output) {
        const float* sum = sums(frame_start_ / stride + output);
        const float* taps = tap_sums_.data() + static_cast<std::size_t>(output) * n_out_;
        const float* bias = layer_.bias.data() + static_cast<std::size_t>(output) * n_out_;
        const float* edge =
            has_edge && output < n_edge
                ? edges_.data() +
                      static_cast<std::size_t>((c % n_snapshots) * n_edge + output) * n_out_
                : nullptr;
        float* to = pooled + static_cast<std::size_t>(output / 2) * n_out_;
        for (int o = 0; o < n_out_; ++o) {
            const float inside = sum[o] - mean * taps[o] - (edge ? edge[o] : 0.0f);
            const float value = std::max(inside * scale + bias[o], 0.0f);
            to[o] = output % 2 ? std::max(to[o], value) : value;
        }
    }
}

}  // namespace ddsp
