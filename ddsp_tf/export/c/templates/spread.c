
/* An input and its cosines. */
static void spread(float x, float *y)
{
    int k;
    y[0] = x;
    for (k = 1; k <= ${n_cosines}; ++k) y[k] = cosf(PI * (float)k * x);
}
