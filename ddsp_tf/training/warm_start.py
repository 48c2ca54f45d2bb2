"""Lets a model begin with what an instrument has learned."""

from typing import TYPE_CHECKING

import keras

from ddsp_tf.errors import ModelError

if TYPE_CHECKING:
    from ddsp_tf.models import Instrument


def copy_network(instrument: "Instrument", model: keras.Model) -> None:
    """Copies the weights of an instrument's decoder into a model; its room stays behind.

    How harmonics and noise follow pitch and loudness is much the same from one instrument to
    another, and at any sample rate. What is left to learn takes fewer recordings and less time.

    Args:
        instrument: What to begin with.
        model: An `Autoencoder` whose weights exist, with the same decoder at the same frame rate.

    Raises:
        ModelError: The two have different networks, or step through time at different rates.
    """
    if not hasattr(model, "decoder"):
        raise ModelError(
            "`start_from` needs a model with a decoder, such as `Autoencoder`. Received "
            f"`{type(model).__name__}`."
        )
    source, target = getattr(instrument.model, "decoder", None), model.decoder
    if source is None:
        raise ModelError(
            "The instrument to start from should have a decoder, as the model has. It is a "
            f"`{type(instrument.model).__name__}`. Train without `start_from`."
        )
    rates = [each.sample_rate / each.hop_length for each in (instrument.model, model)]
    if rates[0] != rates[1]:
        raise ModelError(
            f"The instrument to start from steps {rates[0]:g} times a second, and the model "
            f"{rates[1]:g} times. Prepare with a hop length of "
            f"{model.sample_rate / rates[0]:g}, or start from another instrument."
        )
    shapes = [
        (type(decoder).__name__, *(tuple(weight.shape) for weight in decoder.weights))
        for decoder in (source, target)
    ]
    if shapes[0] != shapes[1]:
        raise ModelError(
            "The decoder of the instrument to start from should be the model's. It is "
            f"{_described(source)}, and the model's is {_described(target)}. Train with the "
            "instrument's settings, or without `start_from`."
        )
    target.set_weights(source.get_weights())


def _described(decoder: keras.layers.Layer) -> str:
    settings = {
        key: value
        for key, value in decoder.get_config().items()
        if key not in ("name", "trainable", "dtype")
    }
    return f"`{type(decoder).__name__}` with {settings}"
