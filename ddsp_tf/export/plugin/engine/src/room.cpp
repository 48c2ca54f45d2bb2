#include "room.hpp"

#include <algorithm>

#include "kernels.hpp"

namespace ddsp {

Partitions::Partitions(const float* taps, int n_taps, int length)
    : length_(length),
      n_bins_(rounded_up(length + 1, 8)),
      n_parts_((n_taps + length - 1) / length),
      fft_(2 * length),
      response_re_(static_cast<std::size_t>(n_parts_) * n_bins_),
      response_im_(response_re_.size()),
      input_re_(response_re_.size()),
      input_im_(response_re_.size()),
      re_(static_cast<std::size_t>(2 * length)),
      im_(re_.size()),
      before_(static_cast<std::size_t>(length)) {
    for (int part = 0; part < n_parts_; ++part) {
        std::fill(re_.begin(), re_.end(), 0.0f);
        std::fill(im_.begin(), im_.end(), 0.0f);
        const int start = part * length, end = std::min(n_taps, start + length);
        std::copy(taps + start, taps + end, re_.begin());
        fft_.forward(re_.data(), im_.data());
        const std::size_t at = static_cast<std::size_t>(part) * n_bins_;
        for (int bin = 0; bin <= length; ++bin) {
            response_re_[at + bin] = re_[static_cast<std::size_t>(bin)] / static_cast<float>(2 * length);
            response_im_[at + bin] = im_[static_cast<std::size_t>(bin)] / static_cast<float>(2 * length);
        }
    }
}

void Partitions::reset() noexcept {
    std::fill(input_re_.begin(), input_re_.end(), 0.0f);
    std::fill(input_im_.begin(), input_im_.end(), 0.0f);
    std::fill(before_.begin(), before_.end(), 0.0f);
    newest_ = 0;
}

void Partitions::process(const float* input, float* answer) noexcept {
    // Overlap and save: the block and the one before it, of whose answer the second half is whole.
    std::copy(before_.begin(), before_.end(), re_.begin());
    std::copy(input, input + length_, re_.begin() + length_);
    std::copy(input, input + length_, before_.begin());
    std::fill(im_.begin(), im_.end(), 0.0f);
    fft_.forward(re_.data(), im_.data());
    newest_ = (newest_ + n_parts_ - 1) % n_parts_;
    const std::size_t to = static_cast<std::size_t>(newest_) * n_bins_;
    std::copy(re_.begin(), re_.begin() + length_ + 1, input_re_.begin() + static_cast<long>(to));
    std::copy(im_.begin(), im_.begin() + length_ + 1, input_im_.begin() + static_cast<long>(to));
    std::fill(re_.begin(), re_.end(), 0.0f);
    std::fill(im_.begin(), im_.end(), 0.0f);
    for (int part = 0; part < n_parts_; ++part) {
        const std::size_t from = static_cast<std::size_t>((newest_ + part) % n_parts_) * n_bins_;
        const std::size_t by = static_cast<std::size_t>(part) * n_bins_;
        // The bins behind the last one only pad, and are zeros in the responses.
        kernels().multiply_spectra(&input_re_[from], &input_im_[from], &response_re_[by],
                                   &response_im_[by], re_.data(), im_.data(), n_bins_);
    }
    for (int bin = 1; bin < length_; ++bin) {
        re_[static_cast<std::size_t>(2 * length_ - bin)] = re_[static_cast<std::size_t>(bin)];
        im_[static_cast<std::size_t>(2 * length_ - bin)] = -im_[static_cast<std::size_t>(bin)];
    }
    fft_.inverse(re_.data(), im_.data());
    std::copy(re_.begin() + length_, re_.end(), answer);
}

namespace {

// A room of fewer taps than a part begins at has none of it.
const float* part_of(const Floats& taps, int first, int& n) {
    n = std::max(0, std::min(n, static_cast<int>(taps.size()) - first));
    return n ? taps.data() + first : nullptr;
}

Partitions parts_of(const Floats& taps, int first, int n, int length) {
    static const float nothing[1] = {};
    const float* from = part_of(taps, first, n);
    return n ? Partitions(from, n, length) : Partitions(nothing, 1, length);
}

}  // namespace

Room::Room(const Floats& taps)
    : block_(static_cast<std::size_t>(short_length)),
      answer_(block_.size()),
      long_block_(static_cast<std::size_t>(long_length)),
      long_answer_(long_block_.size()),
      short_(parts_of(taps, short_length, long_length - short_length, short_length)),
      long_(parts_of(taps, long_length, 1 << 30, long_length)),
      has_short_(static_cast<int>(taps.size()) > short_length),
      has_long_(static_cast<int>(taps.size()) > long_length) {
    if (taps.empty()) return;
    head_.resize(static_cast<std::size_t>(short_length));
    for (int i = 0; i < short_length && i < static_cast<int>(taps.size()); ++i) {
        head_[static_cast<std::size_t>(short_length - 1 - i)] = taps[static_cast<std::size_t>(i)];
    }
    recent_.resize(static_cast<std::size_t>(2 * short_length));
}

void Room::reset() noexcept {
    for (Floats* part : {&recent_, &block_, &answer_, &long_block_, &long_answer_}) {
        std::fill(part->begin(), part->end(), 0.0f);
    }
    short_.reset();
    long_.reset();
    at_ = long_at_ = 0;
}

void Room::process(const float* input, float* output, int n) noexcept {
    if (is_silent()) {
        std::fill(output, output + n, 0.0f);
        return;
    }
    for (int i = 0; i < n; ++i) {
        // The first half holds the block before, so that the head finds its samples in a row.
        const std::size_t at = static_cast<std::size_t>(at_);
        const float x = input[i];
        recent_[short_length + at] = x;
        block_[at] = x;
        long_block_[static_cast<std::size_t>(long_at_)] = x;
        float y = kernels().dot(head_.data(), recent_.data() + at + 1, short_length);
        if (has_short_) y += answer_[at];
        if (has_long_) y += long_answer_[static_cast<std::size_t>(long_at_)];
        output[i] = y;
        ++at_;
        ++long_at_;
        if (at_ == short_length) finish_block();
    }
}

void Room::finish_block() noexcept {
    at_ = 0;
    std::copy(block_.begin(), block_.end(), recent_.begin());
    if (has_short_) short_.process(block_.data(), answer_.data());
    if (long_at_ < long_length) return;
    long_at_ = 0;
    if (has_long_) long_.process(long_block_.data(), long_answer_.data());
}

}  // namespace ddsp
