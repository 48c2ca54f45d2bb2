
/* Gives what raw levels are raised by for a loudness beyond the range that was learned, and brings
 * it inside. */
static float read_loudness(float *loudness)
{
    const float level = *loudness;
    const float fade = level < 0.25f ? 2.5f * (level - 0.25f) : 0.0f;
    *loudness = inside(level, ${softest}, ${loudest});
    return (level - *loudness + fade) * 4.0f;
}
