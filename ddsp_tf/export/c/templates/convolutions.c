
/* A residual convolution. Its state is a ring of frames, behind the number of the oldest. */
static void convolve(const struct dense *layer, const struct norm *after, int dilation,
                     float *state, float *x)
{
    const int past = (KERNEL_SIZE - 1) * dilation;
    const int oldest = (int)state[0];
    float taps[KERNEL_SIZE * UNITS], y[UNITS], *ring = state + 1;
    int tap, i;
    for (tap = 0; tap < KERNEL_SIZE - 1; ++tap) {
        const float *frame = ring + (oldest + tap * dilation) % past * UNITS;
        for (i = 0; i < UNITS; ++i) taps[tap * UNITS + i] = frame[i];
    }
    for (i = 0; i < UNITS; ++i) taps[(KERNEL_SIZE - 1) * UNITS + i] = x[i];
    if (past > 0) {
        for (i = 0; i < UNITS; ++i) ring[oldest * UNITS + i] = x[i];
        state[0] = (float)((oldest + 1) % past);
    }
    multiply(layer, taps, y);
    normalize(after, UNITS, y);
    for (i = 0; i < UNITS; ++i) x[i] += y[i];
}
