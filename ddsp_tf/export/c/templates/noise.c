
/* White noise as a function of the sample's place, the same as Python's. */
static uint32_t scrambled(uint32_t x)
{
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    return x ^ (x >> 16);
}

static double white(long n)
{
    const uint32_t key = scrambled(${NAME}_NOISE_SEED);
    return (scrambled((uint32_t)n ^ key) >> 8) / 8388608.0 - 1.0;
}

/* All that frame `index` adds, from `WINDOW / 2` before the hop before it on. */
static void add_noise(const struct frame *frame, long index, float *out)
{
    static float taps[WINDOW];
    int t, b, j;
    for (t = -WINDOW / 2; t < WINDOW / 2; ++t) {
        const int last = N_BANDS - 1;
        double sum = frame->magnitudes[0] + (t % 2 ? -1.0 : 1.0) * frame->magnitudes[last];
        for (b = 1; b < last; ++b) {
            sum += 2.0 * frame->magnitudes[b] * cos(PI * (double)((b * (long)t) % (2 * last)) / last);
        }
        taps[t + WINDOW / 2] =
            (float)(sum / (2.0 * last) * (0.5 + 0.5 * cos(2.0 * PI * t / WINDOW)));
    }
    for (j = 0; j < 2 * HOP; ++j) {
        const double s = sin(PI * j / (2.0 * HOP));
        const float excitation = (float)(white((index - 1) * HOP + j) * s * s);
        for (t = 0; t < WINDOW; ++t) out[j + t] += taps[t] * excitation;
    }
}
