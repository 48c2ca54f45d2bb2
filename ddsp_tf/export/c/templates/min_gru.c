
static void recur(const struct dense *input, const struct norm *after, const float *x, float *state,
                  float *y)
{
    float gates[2 * UNITS];
    int i;
    multiply(input, x, gates);
    for (i = 0; i < UNITS; ++i) {
        state[i] += sigmoid(gates[i]) * (gates[UNITS + i] - state[i]);
        y[i] = state[i];
    }
    normalize(after, UNITS, y);
}
