
/* Layer normalisation and leaky ReLU. */
static void normalize(const struct norm *layer, int n, float *x)
{
    float mean = 0.0f, variance = 0.0f, scale;
    int i;
    for (i = 0; i < n; ++i) mean += x[i];
    mean /= (float)n;
    for (i = 0; i < n; ++i) variance += (x[i] - mean) * (x[i] - mean);
    scale = 1.0f / sqrtf(variance / (float)n + 1e-3f);
    for (i = 0; i < n; ++i) {
        const float y = (x[i] - mean) * scale * layer->gain[i] + layer->offset[i];
        x[i] = y > 0.0f ? y : 0.2f * y;
    }
}
