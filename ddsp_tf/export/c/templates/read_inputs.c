
static float inside(float x, float low, float high)
{
    return x < low ? low : x > high ? high : x;
}

/* What the network reads in place of a pitch: itself inside the range that was learned, and three
 * semitones beyond it at most. */
static float read_pitch(float pitch)
{
    const float margin = 3.0f / 127.0f;
    const float nearest = inside(pitch, ${lowest_pitch}, ${highest_pitch});
    const float beyond = (pitch - nearest) / margin;
    const float below = beyond < 0.0f ? beyond : 0.0f, above = beyond > 0.0f ? -beyond : 0.0f;
    return nearest + margin * (expf(below) - expf(above));
}
