"""The parts of an instrument that a live host plays."""

from dataclasses import dataclass
from typing import Any

from ddsp_tf.errors import ExportError
from ddsp_tf.export.black_boxes import refuse_black_boxes
from ddsp_tf.models import Autoencoder, Model
from ddsp_tf.models.autoencoder.decoder import Decoder
from ddsp_tf.processors import FilteredNoise, Harmonic, Reverb, Sum
from ddsp_tf.processors.processor import Processor

INPUT_KEYS = ("f0_scaled", "loudness_scaled")


@dataclass(frozen=True)
class LiveParts:
    """A model taken apart.

    Args:
        model: The model. Its decoder reads nothing but `INPUT_KEYS`, and no later frame.
        harmonic: The oscillators.
        filtered_noise: The noise, or None.
        reverb: The room, or None.
    """

    model: Autoencoder
    harmonic: Harmonic
    filtered_noise: FilteredNoise | None
    reverb: Reverb | None

    @property
    def decoder(self) -> Decoder:
        """The network, which reads every pitch as it is: `model.decode_scaled` is what plays."""
        return self.model.decoder

    @property
    def output_sizes(self) -> dict[str, int]:
        """Numbers of each control that the decoder makes."""
        return dict(self.decoder.output_sizes or {})


def find_live_parts(model: Model) -> LiveParts:
    """Takes a model apart, and refuses one that a host could not play as documented.

    Hosts know one synthesiser: `Harmonic`, perhaps `FilteredNoise` added to it, perhaps a `Reverb`
    after both.

    Raises:
        ExportError: The model is no autoencoder, needs sound that is still to come, or has other
            processors.
    """
    refuse_black_boxes(model)
    if not isinstance(model, Autoencoder) or set(model.columns) - {"f0_hz", "loudness_db"}:
        raise ExportError(
            "A live host plays a decoder that reads pitch and loudness, frame by frame, and this "
            f"model, a `{type(model).__name__}`, takes {', '.join(model.encoded_signals)}. Export "
            "it with --target saved_model."
        )
    decoder = model.decoder
    if model.encoder is not None or set(decoder.input_keys) - set(INPUT_KEYS):
        raise ExportError(
            "A live host gives pitch and loudness alone, but this model has an encoder, which "
            "needs the whole sound. Train one without, such as models/solo_instrument.gin, or "
            "export this one with --target saved_model."
        )
    if not decoder.causal:
        raise ExportError(
            f"The decoder ({type(decoder).__name__}) needs frames that are still to come, so it "
            "can't play live. Train a causal one, such as models/solo_instrument.gin, or export "
            "this one with --target saved_model."
        )
    parts: dict[type[Processor], Any] = {}
    group = model.processor_group
    for processor, keys in zip(group.processors, group.node_inputs, strict=True):
        if not _is_known(processor, keys) or type(processor) in parts:
            raise ExportError(
                "A live host plays Harmonic, FilteredNoise, Sum and Reverb, once each, from the "
                f"decoder's outputs. This model has `{processor.name}` "
                f"({type(processor).__name__} of {', '.join(keys)}). Export it with "
                "--target saved_model."
            )
        parts[type(processor)] = processor
    harmonic, noise = parts.get(Harmonic), parts.get(FilteredNoise)
    if not isinstance(harmonic, Harmonic):
        raise ExportError(
            "A live host needs a Harmonic processor, and this model has none. Export it with "
            "--target saved_model."
        )
    rooms = (part for part in parts.values() if isinstance(part, Reverb))
    return LiveParts(model, harmonic, noise, next(rooms, None))


def _is_known(processor: Processor, keys: tuple[str, ...]) -> bool:
    if isinstance(processor, Harmonic | FilteredNoise):
        return keys == processor.input_names
    return isinstance(processor, Sum | Reverb)
