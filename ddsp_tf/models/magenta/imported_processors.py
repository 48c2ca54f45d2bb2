"""The predecessor's synthesisers, effects and their graph as ours."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ModelError
from ddsp_tf.models.magenta.checkpoint import MagentaCheckpoint
from ddsp_tf.models.magenta.imported_decoder import our_name
from ddsp_tf.processors import Add, FilteredNoise, Harmonic, Processor, ProcessorGroup, Reverb

Settings = Mapping[str, Mapping[str, Any]]


class ImportedGroup:
    """Makes a processor group of the predecessor's settings.

    Args:
        settings: Arguments by name, by class, as its gin file has them.
        sizes: How many numbers a frame of each control has.
        hop_length: Samples per frame.
        checkpoint: Where rooms find their weights.
    """

    def __init__(
        self,
        settings: Settings,
        sizes: Mapping[str, int],
        *,
        hop_length: int,
        checkpoint: MagentaCheckpoint,
    ) -> None:
        self._settings = settings
        self._sizes = sizes
        self._hop_length = hop_length
        self._checkpoint = checkpoint
        self.changes: list[str] = []
        """What sounds otherwise than in the predecessor, in words."""

    def group(self) -> ProcessorGroup:
        """Makes the group.

        Raises:
            ModelError: It holds a processor that isn't imported, or weights don't fit.
        """
        dag = self._settings.get("ProcessorGroup", {}).get("dag")
        if not isinstance(dag, list | tuple) or not dag:
            raise ModelError("The gin file has no `ProcessorGroup.dag`: no model of sound.")
        nodes: list[tuple[Processor, list[str]]] = []
        replaced: dict[str, str] = {}
        for node in dag:
            name, inputs = node[0], [replaced.get(key, our_name(key)) for key in node[1]]
            if name == "Crop":
                # Their centred features have a frame more than the sound; ours have not.
                replaced[f"{self._name('Crop')}/signal"] = inputs[0]
                continue
            if name not in _MAKERS:
                known = ", ".join(f"`{known}`" for known in (*_MAKERS, "Crop"))
                raise ModelError(
                    f"The gin file's processor group holds `{name}`, which is not imported. "
                    f"Known: {known}."
                )
            nodes.append((_MAKERS[name](self, dict(self._settings.get(name, {}))), inputs))
        return ProcessorGroup(dag=nodes)

    def _name(self, kind: str) -> str:
        usual = {"Harmonic": "harmonic", "FilteredNoise": "filtered_noise", "Add": "add"}
        usual |= {"Reverb": "reverb", "FilteredNoiseReverb": "filtered_noise_reverb"}
        name: str = self._settings.get(kind, {}).get("name", usual.get(kind, kind.lower()))
        return name

    def harmonic(self, arguments: dict[str, Any]) -> Processor:
        """The additive synthesiser."""
        method = arguments.get("amp_resample_method", "window")
        if method not in ("window", "linear"):
            raise ModelError(
                f"`Harmonic.amp_resample_method` is {method!r}; 'window' and 'linear' are imported."
            )
        return Harmonic(
            n_harmonics=self._sizes.get("harmonic_distribution"),
            sample_rate=arguments.get("sample_rate", 16000),
            hop_length=self._hop_length,
            amplitude_method=method,
            normalize_below_nyquist=arguments.get("normalize_below_nyquist", True),
            scale=_is_scaled("Harmonic", arguments),
            name=self._name("Harmonic"),
        )

    def filtered_noise(self, arguments: dict[str, Any]) -> Processor:
        """The noise."""
        n_bands = self._sizes.get("noise_magnitudes", 65)
        self.changes.append(
            "noise is seeded, its filters cross-fade and don't delay (there: other noise each "
            "time, filters that switch, 2 samples late)"
        )
        return FilteredNoise(
            n_bands=n_bands,
            sample_rate=self._settings.get("Harmonic", {}).get("sample_rate", 16000),
            hop_length=self._hop_length,
            window_length=_window(arguments.get("window_size", 257), n_bands),
            initial_bias=arguments.get("initial_bias", -5.0),
            scale=_is_scaled("FilteredNoise", arguments),
            name=self._name("FilteredNoise"),
        )

    def add(self, arguments: dict[str, Any]) -> Processor:
        """The sum of two."""
        return Add(name=arguments.get("name", "add"))

    def reverb(self, arguments: dict[str, Any]) -> Processor:
        """The room with a response of its own."""
        length = arguments.get("reverb_length", 48000)
        name = self._name("Reverb")
        taps = self._checkpoint.array(f"processor_group/{name}/ir", (length,))
        return self._room(name, taps, arguments)

    def filtered_noise_reverb(self, arguments: dict[str, Any]) -> Processor:
        """The room of filtered noise: one seeded draw of its response."""
        name = self._name("FilteredNoiseReverb")
        n_taps = arguments.get("reverb_length", 48000)
        n_frames, n_bands = arguments.get("n_frames", 1000), arguments.get("n_filter_banks", 16)
        raw = self._checkpoint.array(f"processor_group/{name}/magnitudes", (n_frames, n_bands))
        bias = arguments.get("initial_bias", -3.0)
        filters = dsp.impulse_response_from_magnitudes(
            dsp.exp_sigmoid(raw[np.newaxis] + bias), window_length=_window(257, n_bands)
        )
        hop_length = -(-n_taps // n_frames)
        noise = dsp.uniform_noise(1, n_frames * hop_length, seed=0)
        taps = dsp.time_varying_fir(noise, filters, hop_length=hop_length)[0, :n_taps]
        self.changes.append(
            "the room's response is one seeded draw of its filtered noise (there: another room in "
            "each call)"
        )
        return self._room(name, taps, arguments)

    def _room(self, name: str, taps: Any, arguments: Mapping[str, Any]) -> Processor:
        room = Reverb(
            impulse_response_length=int(taps.shape[0]),
            add_dry=arguments.get("add_dry", True),
            name=name,
        )
        room.impulse_response.assign(tf.convert_to_tensor(taps))
        return room


_MAKERS: Mapping[str, Callable[[ImportedGroup, dict[str, Any]], Processor]] = {
    "Harmonic": ImportedGroup.harmonic,
    "FilteredNoise": ImportedGroup.filtered_noise,
    "Add": ImportedGroup.add,
    "Reverb": ImportedGroup.reverb,
    "FilteredNoiseReverb": ImportedGroup.filtered_noise_reverb,
}


def _window(window_size: int, n_bands: int) -> int | None:
    """Taps between the window's zeros; None stands for the whole response."""
    longest = 2 * (n_bands - 1)
    if window_size <= 0 or window_size > longest:
        return None
    return window_size - window_size % 2 or None


def _is_scaled(name: str, arguments: Mapping[str, Any]) -> bool:
    scale = arguments.get("scale_fn", "exp_sigmoid")
    if scale not in ("exp_sigmoid", None):
        raise ModelError(f"`{name}.scale_fn` is `{scale}`; `exp_sigmoid` and None are imported.")
    return scale is not None
