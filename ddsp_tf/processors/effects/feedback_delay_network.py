"""The feedback delay network: a room of a few numbers."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.delay_networks import (
    absorption_sections,
    delay_network,
    delay_network_response,
    delay_network_state,
    orthogonal_matrix,
)
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Controls, Processor, State
from ddsp_tf.types import Signal

DELAYS = (1031, 1327, 1523, 1871, 2053, 2311, 2539, 2803)
"""In samples: primes from 23 to 64 ms at 44.1 kHz."""


@keras.saving.register_keras_serializable("ddsp_tf")
class FeedbackDelayNetwork(Processor):
    """Reverberates a sound by delay lines that feed each other.

    Inputs: `audio` `[batch, n_samples]`; `low_t60_s` (0.1 to 20) and `high_t60_s` (0.05 to 20), the
    times in which low and the highest frequencies decay by 60 dB, and `wet_db` (-60 to 12), each
    `[batch, 1]`; high ones decay no slower than low ones, so the lesser of both times counts for
    them. All examples share a room: the first one's times count. What is learned beside
    them: the feedback matrix, orthogonal whatever its weights are, and how much enters and leaves
    each line. Controls: `audio`, and the network's numbers.

    Args:
        delays: Of the lines, in samples; without common divisors, or echoes fall together.
        method: "exact" plays the network itself; "frequency" its response, sampled over
            `length_s`, which trains faster, and ends there.
        length_s: Of the sampled response; 1.33 times the longest decay keeps the error below
            -80 dB (`dsp.fft_length_for_decay`), less of it wraps the rest around.
        add_dry: Whether the dry sound is added.
        sample_rate: In Hz.
        name: The processor's name.

    Raises:
        ArgumentError: No delay or one below a sample, an unknown method, or a length of nothing.

    Example:
        >>> room = FeedbackDelayNetwork(sample_rate=16000)
        >>> click = tf.one_hot([0], 16000)
        >>> bool(tf.reduce_sum(room({"audio": click})[:, 8000:] ** 2) > 0)
        True

    Reference:
        Jot and Chaigne 1991, "Digital delay networks for designing artificial reverberators"; Lee,
        Choi and Lee 2022, "Differentiable artificial reverberation" (sampled responses).
    """

    is_room = True

    def __init__(
        self,
        *,
        delays: Sequence[int] = DELAYS,
        method: Literal["exact", "frequency"] = "exact",
        length_s: float = 2.0,
        add_dry: bool = True,
        sample_rate: int = 44100,
        name: str = "feedback_delay_network",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, name=name, **kwargs)
        if not delays or min(delays) < 1:
            raise ArgumentError(
                f"`delays` should be one or more, each at least a sample. Got {list(delays)}."
            )
        if method not in ("exact", "frequency"):
            raise ArgumentError(f'`method` should be "exact" or "frequency". Received {method!r}.')
        self.delays = [int(delay) for delay in delays]
        self.method = method
        self.length_s = length_s
        self.add_dry = add_dry
        if self._n_points < 2:
            raise ArgumentError(f"`length_s` should be above 0. Received {length_s}.")
        n = len(self.delays)
        # Drawn, not zeros: an identity would be lines that never meet.
        self.matrix_weights = self.add_weight(
            name="matrix", shape=[n, n], initializer=keras.initializers.RandomNormal(stddev=1.0)
        )
        self.input_gains, self.output_gains = (
            self.add_weight(
                name=key, shape=[n], initializer=keras.initializers.RandomNormal(stddev=n**-0.5)
            )
            for key in ("inputs", "outputs")
        )

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sound, two times of decay, and the level of the room."""
        return {
            "audio": Signal("samples"),
            "low_t60_s": Signal("value", unit="s", low=0.1, high=20.0, default=1.5),
            "high_t60_s": Signal("value", unit="s", low=0.05, high=20.0, default=0.5),
            "wet_db": Signal("value", unit="dB", low=-60.0, high=12.0, default=-6.0),
        }

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """As the inputs."""
        return self.input_signals

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Passes them on."""
        return {key: inputs[key] for key in self.input_signals}

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """An empty room."""
        if self.method == "frequency":
            return {"tail": tf.zeros([batch_size, self._n_points - 1])}
        lines, memories = delay_network_state(batch_size, self.delays)
        return {"lines": lines, "memories": memories}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[Any, State]:
        """Plays one block; the state is what is in the lines, or the tail of what was played."""
        del n_frames
        audio = tf.convert_to_tensor(controls["audio"])
        after: State
        if self.method == "frequency":
            n_samples = audio.shape[1] or tf.shape(audio)[1]
            response = delay_network_response(**self._network(controls), fft_length=self._n_points)
            wet = dsp.fft_convolve(audio, response) + tf.pad(
                state["tail"], [[0, 0], [0, n_samples]]
            )
            wet, after = wet[:, :n_samples], {"tail": wet[:, n_samples:]}
        else:
            wet, (lines, memories) = delay_network(
                audio, **self._network(controls), state=(state["lines"], state["memories"])
            )
            after = {"lines": lines, "memories": memories}
        wet *= 10.0 ** (controls["wet_db"] / 20.0)
        return audio + wet if self.add_dry else wet, after

    def for_live(self, hop_length: int) -> Processor:
        """Gives the exact one, with the weights as they are now."""
        if self.method == "exact":
            return self
        del hop_length
        exact = FeedbackDelayNetwork.from_config({**self.get_config(), "method": "exact"})
        exact.set_weights(self.get_weights())
        return exact

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "delays": self.delays,
            "method": self.method,
            "length_s": self.length_s,
            "add_dry": self.add_dry,
        }

    def _network(self, controls: Mapping[str, Any]) -> dict[str, Any]:
        # The first example's; of a batch of none, any.
        low, high = (
            tf.concat([controls[key][:, 0], [1.0]], axis=0)[0]
            for key in ("low_t60_s", "high_t60_s")
        )
        return {
            "delays": self.delays,
            "matrix": orthogonal_matrix(tf.convert_to_tensor(self.matrix_weights)),
            "inputs": tf.convert_to_tensor(self.input_gains),
            "outputs": tf.convert_to_tensor(self.output_gains),
            "absorption": absorption_sections(
                self.delays, low, tf.minimum(high, low), sample_rate=self.sample_rate
            ),
        }

    @property
    def _n_points(self) -> int:
        return 2 * round(self.length_s * self.sample_rate / 2)
