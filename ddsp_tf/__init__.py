"""The DDSP synthesiser of Engel et al. (2020) in TensorFlow and Keras 3."""
