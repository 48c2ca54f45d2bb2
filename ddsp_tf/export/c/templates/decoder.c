/* ${title}: its decoder in C99. Written by ddsp_tf ${version}.
 * Licence of the instrument: ${licence}
 * The network is that of docs/contract.md of ddsp_tf, "Inside the decoder".
 */
#include "${name}_decoder.h"

#include <math.h>

#define PI 3.14159265358979f
#define LANES 8 /* outputs that are summed at once */

typedef ${weight_type} weight;

/* The kernel lies in blocks of eight outputs, [n_out / 8, rounded up][n_in][8]. */
struct dense {
    int n_in, n_out;
    const weight *kernel;
${scale_member}    const float *bias;
};

struct norm {
    const float *gain, *offset;
};

${arrays}
static void multiply(const struct dense *layer, const float *x, float *y)
{
    const weight *w = layer->kernel;
    int first, i, o;
    for (first = 0; first < layer->n_out; first += LANES) {
        const int n = layer->n_out - first < LANES ? layer->n_out - first : LANES;
        float sums[LANES] = {0.0f};
        for (i = 0; i < layer->n_in; ++i, w += LANES) {
            for (o = 0; o < LANES; ++o) sums[o] += x[i] * (float)w[o];
        }
        for (o = 0; o < n; ++o) y[first + o] = ${scaled_sum} + layer->bias[first + o];
    }
}
${normalize}${exp_sigmoid}${spread}${recur}${read_inputs}
void ${name}_step(float f0_scaled, float loudness_scaled, float *state, float *amplitudes,
${indent}float *harmonic_distribution${noise_argument})
{
${body}}
