"""An instrument of a checkpoint and the settings that the predecessor wrote."""

from collections.abc import Mapping
from typing import Any

from ddsp_tf.errors import ModelError
from ddsp_tf.features import FeatureSettings
from ddsp_tf.models.autoencoder.autoencoder import Autoencoder
from ddsp_tf.models.instrument import Instrument
from ddsp_tf.models.magenta.checkpoint import MagentaCheckpoint
from ddsp_tf.models.magenta.imported_decoder import imported_decoder
from ddsp_tf.models.magenta.imported_processors import ImportedGroup, Settings

_PREPROCESSORS = ("F0LoudnessPreprocessor", "F0PowerPreprocessor", "OnlineF0PowerPreprocessor")
_FEATURE_RATE = 16000
"""In Hz: at whatever rate a model sounds, the predecessor measures at this."""


def imported_instrument(settings: Settings, checkpoint: MagentaCheckpoint) -> Instrument:
    """Makes an instrument that plays what the checkpoint's model played.

    Models of pitch and loudness or power are imported: an `Autoencoder` without an encoder, with
    an `RnnFcDecoder`, whose group is of `Harmonic`, `FilteredNoise`, `Add`, `Crop`, `Reverb` and
    `FilteredNoiseReverb`. What sounds otherwise is in the metadata, under "changes".

    Args:
        settings: Arguments by name, by class, as `config.read_magenta_gin` gives them.
        checkpoint: The weights.

    Returns:
        The instrument, without statistics: the predecessor's are a pickle, which isn't read.

    Raises:
        ModelError: The gin file names a class that isn't imported, or is of another model than
            the weights.
    """
    model_arguments = settings.get("Autoencoder")
    named = settings.get("get_model", {}).get("model", "Autoencoder" if model_arguments else "")
    if model_arguments is None or named != "Autoencoder":
        raise ModelError(f"The gin file is of `{named}`. Only `Autoencoder` is imported.")
    _require(model_arguments, "decoder", ("RnnFcDecoder",))
    _require(model_arguments, "encoder", (None,))
    _require(model_arguments, "preprocessor", _PREPROCESSORS)
    features = _features(model_arguments["preprocessor"], settings)
    decoder = imported_decoder(settings.get("RnnFcDecoder", {}), checkpoint)
    group = ImportedGroup(
        settings,
        decoder.output_sizes or {},
        hop_length=features.hop_length,
        checkpoint=checkpoint,
    )
    model = Autoencoder(decoder=decoder, processor_group=group.group())
    if model_arguments["preprocessor"] == "F0LoudnessPreprocessor":
        group.changes.append("pitch is followed without the 32 ms by which theirs led")
    metadata = {
        "imported_from": f"magenta/ddsp, {checkpoint.prefix.name}",
        "changes": group.changes,
    }
    return Instrument(model, features, metadata=metadata)


def _require(arguments: Mapping[str, Any], key: str, known: tuple[Any, ...]) -> None:
    value = arguments.get(key)
    if value not in known:
        listed = ", ".join(f"`{x}`" for x in known)
        raise ModelError(
            f"`Autoencoder.{key}` is `{value}` in the gin file, which is not imported. "
            f"Known: {listed}."
        )


def _features(preprocessor: str, settings: Settings) -> FeatureSettings:
    arguments = settings.get(preprocessor, {})
    sample_rate = settings.get("Harmonic", {}).get("sample_rate", _FEATURE_RATE)
    frame_rate = arguments.get("frame_rate", 250)
    if sample_rate % frame_rate:
        raise ModelError(
            f"{sample_rate} Hz and {frame_rate} frames a second make no whole number of samples a "
            "frame, which a model needs."
        )
    hop_length = int(sample_rate // frame_rate)
    if preprocessor == "F0LoudnessPreprocessor":
        kind, window = "magenta", 512
    else:
        usual = 64 if preprocessor == "F0PowerPreprocessor" else 1024
        kind, window = "rms", arguments.get("frame_size", usual)
    return FeatureSettings(
        sample_rate=sample_rate,
        hop_length=hop_length,
        loudness=kind,
        loudness_fft_length=window * sample_rate // _FEATURE_RATE,
    )
