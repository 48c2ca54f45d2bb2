"""The room of delay lines with all-passes, whose octaves decay in their own times."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.all_pass_networks import all_pass_network, all_pass_network_response
from ddsp_tf.dsp.delay_networks import (
    delay_network,
    delay_network_state,
    hadamard_matrix,
    orthogonal_matrix,
)
from ddsp_tf.dsp.octave_equalizer import octave_absorption_sections, octave_equalizer_sections
from ddsp_tf.dsp.room_acoustics import echo_density, octave_signals, reverberation_times_s
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.effects.early_late_reverb import EarlyLateReverb, early_taps
from ddsp_tf.processors.effects.response_reverb import batched, known_times
from ddsp_tf.processors.processor import Processor, State
from ddsp_tf.types import FloatArray, Signal

DELAYS = (233, 311, 421, 461, 587, 613)
ALL_PASS_DELAYS = (
    (131, 151, 337, 353),
    (103, 173, 331, 373),
    (89, 181, 307, 401),
    (79, 197, 281, 419),
    (61, 211, 257, 431),
    (47, 229, 251, 443),
)
"""In samples at 48 kHz, as in the paper."""

_ROUNDS, _NEAR = 8, 0.005
_ECHOES = ((1, 0.5), (1, 0.25), (1, 0.0), (2, 0.0), (3, 0.0))
"""How long the lines are, in those that are given, and the all-passes' gains, from dense to sparse.

Without gains an all-pass is a delay."""
_DENSITY_S = (0.03, 0.3)
_CLEARLY = 0.1
"""By how much echoes have to be nearer for a network to be made sparser."""
_SHORTEST_S, _LONGEST_S = 0.02, 20.0
_COLOR_DB = 60.0


@keras.saving.register_keras_serializable("ddsp_tf")
class DelayNetworkReverb(EarlyLateReverb):
    """Reverberates by a short response of the direct sound, and a network of delays and all-passes.

    Inputs: `audio` `[batch, n_samples]`; `t60_s`, in which each octave decays by 60 dB (0.02 to
    20 s); `color_db`, the octaves' gains at the end (-60 to 60 dB); `spread`, the gains of the
    all-passes, line after line (0 to 0.9); `inputs` and `outputs`, how much enters and leaves each
    line (-1 to 1); `early_percent`, the response's first taps in percent of full scale; with a
    matrix that is learned, `mixing`, the angles above its diagonal (-3.2 to 3.2). Each is
    `[batch, width]`. All examples share a room: the first one's numbers count.

    Args:
        delays: Of the lines, in samples.
        all_pass_delays: Of each line's all-passes, in samples, as many in each.
        matrix: Of the feedback, each orthogonal: "householder", the paper's; "hadamard", for 4, 8
            or 16 lines, which mixes them more; or "orthogonal", any rotation, learned.
        early_ms: Length of the direct sound and the first reflections, which are taps.
        length_s: Of the sampled response; 1.33 times the longest decay keeps what wraps around
            below -80 dB.
        method: "frequency" samples the response, which trains fast; "exact" plays the network.
        add_dry: Whether the dry sound is added.
        sample_rate: In Hz.
        name: The processor's name.

    Raises:
        ArgumentError: Delays that don't fit each other, an unknown method or matrix, a number of
            lines that has no Hadamard matrix, or a length of nothing.

    Example:
        >>> room = DelayNetworkReverb(length_s=0.5, sample_rate=16000)
        >>> room({"audio": tf.one_hot([0], 2000)}).shape
        TensorShape([1, 2000])

    Reference:
        Lee, Choi and Lee 2022, "Differentiable artificial reverberation", section III-C.
    """

    def __init__(
        self,
        *,
        delays: Sequence[int] = DELAYS,
        all_pass_delays: Sequence[Sequence[int]] = ALL_PASS_DELAYS,
        matrix: Literal["householder", "hadamard", "orthogonal"] = "householder",
        early_ms: float = 30.0,
        length_s: float = 2.0,
        method: Literal["exact", "frequency"] = "frequency",
        add_dry: bool = True,
        sample_rate: int = 44100,
        name: str = "delay_network_reverb",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            early_ms=early_ms,
            method=method,
            length_s=length_s,
            add_dry=add_dry,
            sample_rate=sample_rate,
            name=name,
            **kwargs,
        )
        counts = {len(line) for line in all_pass_delays}
        if not delays or len(all_pass_delays) != len(delays) or len(counts) > 1 or early_ms <= 0:
            raise ArgumentError(
                "`all_pass_delays` should have as many lines as `delays`, each with as many, and "
                f"`early_ms` be above 0. Received {list(delays)}, "
                f"{[list(line) for line in all_pass_delays]} and {early_ms}."
            )
        if matrix not in ("householder", "hadamard", "orthogonal"):
            raise ArgumentError(
                '`matrix` should be "householder", "hadamard" or "orthogonal". '
                f"Received {matrix!r}."
            )
        self.matrix = matrix
        if matrix == "hadamard":
            hadamard_matrix(len(delays))
        self.delays = [int(delay) for delay in delays]
        self.all_pass_delays = [[int(delay) for delay in line] for line in all_pass_delays]

    @property
    def room_signals(self) -> Mapping[str, Signal]:
        """Times and colours of octaves, all-passes, gains of lines, and the first taps."""
        n_lines, n_bands = len(self.delays), len(self.bands_hz)
        n_spread = n_lines * len(self.all_pass_delays[0])
        signals = {
            "t60_s": Signal("value", n_bands, "s", low=_SHORTEST_S, high=_LONGEST_S, default=1.0),
            "color_db": Signal("value", n_bands, "dB", low=-_COLOR_DB, high=_COLOR_DB, default=0.0),
            "inputs": Signal("value", n_lines, low=-1.0, high=1.0, default=0.4),
            "outputs": Signal("value", n_lines, low=-1.0, high=1.0, default=0.4),
            "early_percent": Signal("value", self.n_early, "%", default=0.0),
        }
        if n_spread:
            signals["spread"] = Signal("value", n_spread, low=0.0, high=0.9, default=0.5)
        if self.matrix == "orthogonal" and n_lines > 1:
            n_angles = n_lines * (n_lines - 1) // 2
            signals["mixing"] = Signal("value", n_angles, low=-3.2, high=3.2, default=0.6)
        return signals

    def response(self, controls: Mapping[str, Any]) -> tf.Tensor:
        """Samples the network's response, and adds the taps; one room, `[1, n_taps]`."""
        early = self._first(controls, "early_percent")[: self.n_taps] / 100.0
        early = tf.pad(early, [[0, self.n_taps - early.shape[0]]])
        return (self._late(controls) + early)[tf.newaxis]

    def estimate(self, response: FloatArray) -> dict[str, list[float]]:
        """Finds times and colours that give the octaves' measured decays and energies."""
        response = np.asarray(response, np.float64)
        rate, bands = self.sample_rate, self.bands_hz
        self.length_s = len(response) / rate
        skipped = min(self.n_early, self.n_taps // 2)

        def energies_db(sound: FloatArray) -> FloatArray:
            octaves = octave_signals(sound, bands, sample_rate=rate)[:, skipped:]
            return 10 * np.log10(np.maximum(np.sum(octaves**2, axis=1), 1e-14))

        wanted_times = known_times(reverberation_times_s(response, bands, sample_rate=rate))
        wanted_db = energies_db(response)
        found = {key: np.full(x.width or 1, x.default) for key, x in self.room_signals.items()}
        signs = np.where(np.arange(len(self.delays)) % 2, -1.0, 1.0)
        found["outputs"] = signs * found["outputs"]
        found["t60_s"] = np.clip(wanted_times, 2 * _SHORTEST_S, 0.8 * _LONGEST_S)
        if "spread" in found:
            found["spread"][:] = self._dense_as(response, found)
        for _ in range(_ROUNDS):
            late = self._late(batched(found)).numpy()
            found["early_percent"] = early_taps(response - late, self.n_early)
            whole = late + np.pad(
                found["early_percent"][: self.n_taps] / 100.0,
                [0, max(0, self.n_taps - self.n_early)],
            )
            played = known_times(reverberation_times_s(whole, bands, sample_rate=rate))
            ratio = np.clip(wanted_times / played, 0.7, 1.4)
            if np.max(np.abs(ratio - 1.0)) < _NEAR:
                break
            found["t60_s"] = np.clip(
                found["t60_s"] * ratio**0.8, 1.5 * _SHORTEST_S, 0.9 * _LONGEST_S
            )
            found["color_db"] = np.clip(
                found["color_db"] + wanted_db - energies_db(late), -0.9 * _COLOR_DB, 0.9 * _COLOR_DB
            )
        late = self._late(batched(found)).numpy()
        found["early_percent"] = early_taps(response - late, self.n_early)
        return {key: value.tolist() for key, value in found.items()}

    def _dense_as(self, response: FloatArray, found: Mapping[str, FloatArray]) -> float:
        """Makes lines as long as the response's echoes are sparse; gives the all-passes' gain."""
        start, stop = (round(t * self.sample_rate) for t in _DENSITY_S)

        def density(sound: FloatArray) -> FloatArray:
            return echo_density(sound[:stop], sample_rate=self.sample_rate)[start:]

        if len(response) <= start:
            return _ECHOES[0][1]
        wanted, given, apart = density(response), self.delays, []
        for scale, spread in _ECHOES:
            self.delays = [scale * delay for delay in given]
            tried = {**found, "spread": np.full_like(found["spread"], spread)}
            played = self._late(batched(tried)).numpy().astype(np.float64)
            apart.append(float(np.mean(np.abs(density(played) - wanted))))
        best = int(np.argmin(apart))
        chosen = _ECHOES[best if apart[0] - apart[best] > _CLEARLY else 0]
        self.delays = [chosen[0] * delay for delay in given]
        return chosen[1]

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """An empty room."""
        if self.method == "frequency":
            return super().initial_state(batch_size)
        n_bands = len(self.bands_hz)
        every = [*self.delays, *(delay for line in self.all_pass_delays for delay in line)]
        lines, memories = delay_network_state(batch_size, every, n_sections=n_bands)
        return {
            "lines": lines,
            "memories": memories,
            "color": tf.zeros([batch_size, n_bands, 2]),
            "early": tf.zeros([batch_size, self.n_early - 1]),
        }

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Plays one block; the state is what is in the lines, or the tail of what was played."""
        if self.method == "frequency":
            return super().stream(controls, state, n_frames)
        audio = tf.convert_to_tensor(controls["audio"])
        n_samples = audio.shape[1] or tf.shape(audio)[1]
        network = all_pass_network(**self._network(controls))
        late, (lines, memories) = delay_network(
            audio,
            **{key: _single(value) for key, value in network.items()},
            state=(state["lines"], state["memories"]),
        )
        late, color = dsp.filter_biquads(late, self._color(controls)[tf.newaxis], state["color"])
        early = dsp.fft_convolve(audio, self._first(controls, "early_percent") / 100.0)
        early += tf.pad(state["early"], [[0, 0], [0, n_samples]])
        played = late + early[:, :n_samples]
        after = {
            "lines": lines,
            "memories": memories,
            "color": color,
            "early": early[:, n_samples:],
        }
        return played + audio if self.add_dry else played, after

    def for_live(self, hop_length: int) -> Processor:
        """Gives the exact one."""
        del hop_length
        return DelayNetworkReverb.from_config({**self.get_config(), "method": "exact"})

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "delays": self.delays,
            "all_pass_delays": self.all_pass_delays,
            "matrix": self.matrix,
        }

    def _late(self, controls: Mapping[str, Any]) -> tf.Tensor:
        """The network's response, sampled at twice its length."""
        length = 2 * self.n_taps
        spectrum = all_pass_network_response(**self._network(controls), fft_length=length)
        angles = np.linspace(0.0, np.pi, length // 2 + 1)
        color = dsp.biquad_response(tf.cast(self._color(controls), tf.float64), angles)
        response = tf.signal.irfft(spectrum * color, [length])[: self.n_taps]
        return tf.cast(response, tf.float32)

    def _color(self, controls: Mapping[str, Any]) -> tf.Tensor:
        return octave_equalizer_sections(
            self._first(controls, "color_db"), self.bands_hz, sample_rate=self.sample_rate
        )

    def _network(self, controls: Mapping[str, Any]) -> dict[str, Any]:
        n_lines, n_spread = len(self.delays), len(self.all_pass_delays[0])
        # On the average over frequencies an all-pass delays by as much as its line is long.
        passes = [
            delay + sum(spread)
            for delay, spread in zip(self.delays, self.all_pass_delays, strict=True)
        ]
        gains = (
            tf.reshape(self._first(controls, "spread"), [n_lines, n_spread])
            if n_spread
            else tf.zeros([n_lines, 0])
        )
        times = tf.cast(self._first(controls, "t60_s"), tf.float64)
        return {
            "delays": self.delays,
            "all_pass_delays": self.all_pass_delays,
            "all_pass_gains": gains,
            "inputs": self._first(controls, "inputs"),
            "outputs": self._first(controls, "outputs"),
            "absorption": octave_absorption_sections(
                passes, times, self.bands_hz, sample_rate=self.sample_rate
            ),
            "matrix": self._matrix(controls),
        }

    def _first(self, controls: Mapping[str, Any], key: str) -> tf.Tensor:
        """The first example's; of a batch of none, what is declared."""
        values = tf.convert_to_tensor(controls[key])
        default = self.room_signals[key].default or 0.0
        return tf.concat([values, tf.fill([1, values.shape[1]], default)], axis=0)[0]

    def _matrix(self, controls: Mapping[str, Any]) -> Any:
        """None is Householder's, which has a closed form."""
        n_lines = len(self.delays)
        if self.matrix == "hadamard":
            return hadamard_matrix(n_lines)
        if self.matrix == "householder" or n_lines == 1:
            return None
        rows, columns = np.triu_indices(n_lines, 1)
        places = np.stack([rows, columns], axis=1)
        angles = 2.0 * tf.cast(self._first(controls, "mixing"), tf.float64)
        return orthogonal_matrix(tf.scatter_nd(places, angles, [n_lines, n_lines]))


def _single(value: Any) -> Any:
    return tf.cast(value, tf.float32) if tf.is_tensor(value) else value
