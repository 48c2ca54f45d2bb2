// The inner loops. They exist twice, for any processor and for AVX2; which is used is decided once.
#pragma once

namespace ddsp {

struct Kernels {
    const char* name;

    // y[v] += x[v] * matrix, for 1 to 4 vectors. The matrix lies in panels of 32 columns,
    // `[n_panels][n_in][32]`, and y has room for all of them.
    void (*multiply)(const float* panels, int n_in, int n_panels, const float* const* x,
                     float* const* y, int n_vectors);

    // y[p][o] += sum over u of x[p * stride + u] * w[u * w_step + o]; 4 positions, 16 outputs.
    void (*convolve_tile)(const float* w, int w_step, int n, const float* x, int stride, float* y,
                          int y_step);

    // Adds partials 1 to n: of sample j (here + weight[j] * slope) * sin(partial * angle[j]).
    // Samples are a multiple of 16.
    void (*add_partials)(const float* here, const float* slope, int n_partials,
                         const float* weight, const float* sine, const float* cosine, float* out,
                         int n_samples);

    // c += a * b of complex numbers whose parts lie in arrays of their own; n a multiple of 8.
    void (*multiply_spectra)(const float* a_re, const float* a_im, const float* b_re,
                             const float* b_im, float* c_re, float* c_im, int n);

    // Sum of products; n a multiple of 16.
    float (*dot)(const float* a, const float* b, int n);

    // out[i] = max over o of x[i + o] + weight[o].
    void (*max_plus)(const float* x, const float* weight, int n_weights, float* out, int n);

    // In place.
    void (*sigmoid)(float* x, int n);
    void (*tanh)(float* x, int n);
};

extern const Kernels baseline_kernels;
extern const Kernels* const avx2_kernels;  // null where the processor's family has none

const Kernels& kernels() noexcept;  // the fastest that this processor has

}  // namespace ddsp
