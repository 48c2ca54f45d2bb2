/* An example: plays pitch and loudness as sound.
 *
 *     cc -std=c99 -O2 main.c ${name}_decoder.c -lm -o ${name}
 *     ./${name} frames.txt ${name}.wav
 *
 * frames.txt has a line for each frame, ${frame_rate} a second: fundamental in Hz, loudness in dB, as in
 * "440 -20". Without arguments a tone swells for two seconds into ${name}.wav. The sound is that of
 * docs/contract.md of ddsp_tf without the room: harmonics${and_noise}. A host that plays live does the same,
 * hop after hop; nothing here needs memory that grows.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "${name}_decoder.h"

#define RATE ${NAME}_SAMPLE_RATE
#define HOP ${NAME}_HOP_LENGTH
#define N_PARTIALS ${NAME}_N_HARMONICS
#define N_BANDS ${NAME}_N_BANDS
#define WINDOW ${NAME}_WINDOW_LENGTH
#define PI 3.14159265358979323846

struct frame {
    float f0_hz, amplitudes, distribution[N_PARTIALS];${noise_member}
};

/* What is not final yet: hop i is, when frame i + 1 and what its noise reaches back to are there. */
static float sound[2 * HOP + WINDOW];
static float state[${NAME}_N_STATE];
static double phase; /* in turns */
static clock_t decoding;

static void decode(float f0_hz, float loudness_db, struct frame *frame)
{
    const float lowest = 8.1757989f;
    const float midi = 69.0f + 12.0f * log2f((f0_hz > lowest ? f0_hz : lowest) / 440.0f);
    const clock_t start = clock();
    ${name}_step(midi / 127.0f, loudness_db / 80.0f + 1.0f, state, &frame->amplitudes,
${step_indent}frame->distribution${noise_pass});
    decoding += clock() - start;
    frame->f0_hz = f0_hz;
}

/* The hop between two frames. */
static void add_harmonics(const struct frame *before, const struct frame *after, float *out)
{
    const double from = before->f0_hz / (double)RATE, to = after->f0_hz / (double)RATE;
    const double highest = from > to ? from : to;
    int j, k;
    for (j = 0; j < HOP; ++j) {
        const double turns = phase + from * (j + 1) + (to - from) * j * (j + 1) / (2.0 * HOP);
        const double s = sin(PI * j / (2.0 * HOP)), line = (double)j / HOP;
        const double fade = ${NAME}_WINDOW_CROSSFADE ? s * s : line;
        double sum = 0.0;
        for (k = 1; k <= N_PARTIALS && k * highest < 0.5; ++k) {
            const double a = before->amplitudes * before->distribution[k - 1];
            const double b = after->amplitudes * after->distribution[k - 1];
            sum += (a + fade * (b - a)) * sin(2.0 * PI * (k * turns - floor(k * turns)));
        }
        out[j] += (float)sum;
    }
    phase += from * HOP + (to - from) * (HOP - 1) / 2.0;
    phase -= floor(phase);
}
${noise_functions}
static void put_bytes(FILE *file, uint32_t value, int n)
{
    for (; n > 0; --n, value >>= 8) fputc((int)(value & 255u), file);
}

/* Mono, 32 bits, floating point. */
static void put_header(FILE *file, uint32_t n_samples)
{
    fputs("RIFF", file);
    put_bytes(file, 36 + 4 * n_samples, 4);
    fputs("WAVEfmt ", file);
    put_bytes(file, 16, 4);
    put_bytes(file, 3, 2);
    put_bytes(file, 1, 2);
    put_bytes(file, RATE, 4);
    put_bytes(file, 4 * RATE, 4);
    put_bytes(file, 4, 2);
    put_bytes(file, 32, 2);
    fputs("data", file);
    put_bytes(file, 4 * n_samples, 4);
}

static void put_sample(FILE *file, float sample)
{
    union {
        float number;
        uint32_t bits;
    } as;
    as.number = sample;
    put_bytes(file, as.bits, 4);
}

static int next_frame(FILE *frames, long index, float *f0_hz, float *loudness_db)
{
    if (frames) return fscanf(frames, "%f %f", f0_hz, loudness_db) == 2;
    *f0_hz = 440.0f;
    *loudness_db = -50.0f + 35.0f * sinf((float)PI * (float)index * HOP / RATE / 2.0f);
    return index < 2L * RATE / HOP;
}

int main(int n_arguments, char **arguments)
{
    /* Sample HOP (i - 1) - WINDOW / 2 is the first that frame i changes; sound[0] is that. */
    const int reach = WINDOW / 2, n_more = (HOP + reach + HOP - 1) / HOP;
    static struct frame before, after;
    float f0_hz = 440.0f, loudness_db = -80.0f;
    long n_frames = 0, n_left = -1, i = 0, j;
    FILE *frames = n_arguments > 2 ? fopen(arguments[1], "r") : NULL;
    FILE *wav = fopen(n_arguments > 2 ? arguments[2] : "${name}.wav", "wb");
    if (n_arguments == 2 || n_arguments > 3 || !wav || (n_arguments > 2 && !frames)) {
        fprintf(stderr, "usage: %s [FRAMES.txt SOUND.wav]; both have to open\n", arguments[0]);
        return EXIT_FAILURE;
    }
    put_header(wav, 0);
    for (;; ++i) {
        if (n_left < 0 && next_frame(frames, i, &f0_hz, &loudness_db)) n_frames = i + 1;
        else if (n_left < 0) n_left = n_more; /* the last frame is held until all is heard */
        if (n_left == 0 || n_frames == 0) break;
        if (n_left > 0) --n_left;
        before = after;
        decode(f0_hz, loudness_db, &after);
        if (i > 0) add_harmonics(&before, &after, sound + reach);
${add_noise}        /* What no later frame changes goes out. */
        for (j = 0; j < HOP; ++j) {
            const long n = (i - 1) * HOP - reach + j;
            if (n >= 0 && n < n_frames * HOP) put_sample(wav, sound[j]);
        }
        for (j = 0; j < HOP + WINDOW; ++j) sound[j] = sound[j + HOP];
        for (j = HOP + WINDOW; j < 2 * HOP + WINDOW; ++j) sound[j] = 0.0f;
    }
    if (fseek(wav, 0, SEEK_SET) == 0) put_header(wav, (uint32_t)(n_frames * HOP));
    if (ferror(wav) || fclose(wav)) {
        fprintf(stderr, "The sound can't be written.\n");
        return EXIT_FAILURE;
    }
    printf("%ld frames, %.1f us each for the decoder\n", n_frames,
           1e6 * (double)decoding / CLOCKS_PER_SEC / (i ? (double)i : 1.0));
    return EXIT_SUCCESS;
}
