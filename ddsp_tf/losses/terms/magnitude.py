"""The magnitudes themselves."""

import keras

from ddsp_tf.losses.terms.term import Term


@keras.saving.register_keras_serializable("ddsp_tf")
class Magnitude(Term):
    """Compares magnitudes, in which what is loud counts."""

    name = "magnitude"
