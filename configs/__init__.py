"""Every .gin file of ddsp_tf, installed as the package `ddsp_tf.configs`."""
