"""Lets a model begin with what an instrument has learned."""

from typing import TYPE_CHECKING, Any

import keras

from ddsp_tf.errors import ArgumentError, ModelError

if TYPE_CHECKING:
    from ddsp_tf.models import Instrument


def copy_network(instrument: "Instrument", model: keras.Model) -> None:
    """Copies the weights of an instrument's network into a model; its room stays behind.

    The network is the model's `decoder`, or all of a model that has none. A decoder that reads `z`
    may begin with one that doesn't; from one that does, how timbres are heard is copied too, but
    not the table of those that have names. How harmonics and noise
    follow pitch and loudness is much the same from one instrument to another, and at any sample
    rate. What is left to learn takes fewer recordings and less time.

    Args:
        instrument: What to begin with.
        model: A model whose weights exist, with the same network at the same frame rate.

    Raises:
        ModelError: The two have different networks, or step through time at different rates.
    """
    _check_rates(instrument.model, model)
    source: Any = getattr(instrument.model, "decoder", instrument.model)
    target: Any = getattr(model, "decoder", model)
    encoder = getattr(model, "encoder", None)
    if encoder is not None and _reads_one_more(target, source):
        try:
            target.begin_as(source, encoder.n_z)
        except ArgumentError as error:
            raise ModelError(f"{error} Train with the instrument's settings.") from error
        return
    _copy_hearing(getattr(instrument.model, "encoder", None), encoder)
    learned = [_weights_but_rooms(network) for network in (source, target)]
    shapes = [[tuple(weight.shape) for weight in weights] for weights in learned]
    if type(source).__name__ != type(target).__name__ or shapes[0] != shapes[1]:
        raise ModelError(
            "The network of the instrument to start from should be the model's. It is "
            f"{_described(source)}, and the model's is {_described(target)}. Train with the "
            "instrument's settings, or without `start_from`."
        )
    for weight, value in zip(learned[1], learned[0], strict=True):
        weight.assign(value)


def _reads_one_more(target: Any, source: Any) -> bool:
    keys = [tuple(getattr(each, "input_keys", ())) for each in (target, source)]
    return bool(keys[1]) and keys[0] == (*keys[1], "z") and hasattr(target, "begin_as")


def _copy_hearing(source: Any, target: Any) -> None:
    """Copies all weights of an encoder but those that are of its instruments alone."""
    if source is None or type(source) is not type(target):
        return
    tables = {id(getattr(each, "table", None)) for each in (source, target)}
    pairs = [[x for x in each.weights if id(x) not in tables] for each in (target, source)]
    if [tuple(x.shape) for x in pairs[0]] == [tuple(x.shape) for x in pairs[1]]:
        for weight, value in zip(*pairs, strict=True):
            weight.assign(value)


def _check_rates(source: keras.Model, target: keras.Model) -> None:
    rates = []
    for model in (source, target):
        sample_rate, hop = getattr(model, "sample_rate", None), getattr(model, "hop_length", None)
        rates.append(sample_rate / hop if sample_rate and hop else None)
    if None not in rates and rates[0] != rates[1]:
        raise ModelError(
            f"The instrument to start from steps {rates[0]:g} times a second, and the model "
            f"{rates[1]:g} times. Prepare with a hop length of "
            f"{target.sample_rate / rates[0]:g}, or start from another instrument."
        )


def _weights_but_rooms(network: keras.layers.Layer) -> list[Any]:
    in_rooms = {
        id(weight)
        for layer in network._flatten_layers()
        if getattr(layer, "is_room", False)
        for weight in layer.weights
    }
    return [weight for weight in network.weights if id(weight) not in in_rooms]


def _described(decoder: keras.layers.Layer) -> str:
    settings = {
        key: value
        for key, value in decoder.get_config().items()
        if key not in ("name", "trainable", "dtype")
    }
    return f"`{type(decoder).__name__}` with {settings}"
