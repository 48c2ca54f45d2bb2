
/* 2 sigmoid(x)^ln(10) + 1e-7, in an order that doesn't underflow. */
static float exp_sigmoid(float x)
{
    const float softplus = x > 0.0f ? log1pf(expf(-x)) : log1pf(expf(x)) - x;
    return 2.0f * expf(-2.30258509f * softplus) + 1e-7f;
}
