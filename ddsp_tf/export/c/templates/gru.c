
static void recur(const struct dense *input, const struct dense *own, const float *x, float *state)
{
    float gates[3 * UNITS], from_state[3 * UNITS];
    const float *reset = gates + UNITS, *to_candidate = from_state + 2 * UNITS;
    int i;
    multiply(input, x, gates);
    multiply(own, state, from_state);
    for (i = 0; i < 2 * UNITS; ++i) gates[i] = sigmoid(gates[i] + from_state[i]);
    for (i = 0; i < UNITS; ++i) {
        const float candidate = tanhf(gates[2 * UNITS + i] + reset[i] * to_candidate[i]);
        state[i] = candidate + gates[i] * (state[i] - candidate);
    }
}
