"""What compressors, expanders, gates and limiters have in common."""

from collections.abc import Mapping
from typing import Any, Literal

import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Controls, Processor, State, optional_inputs
from ddsp_tf.types import Signal

_LINKS = ("max", "mean", "none")
_SMOOTHINGS = ("attack_release", "one_pole")


class Dynamics(Processor):
    """Turns a sound down by a gain that follows the level of it, or of a side chain.

    Feed-forward: level, gain curve, smoothing in dB, gain. A subclass says what the curve is.
    Inputs: `audio` and, if the gain is to follow another sound, `side_chain`, both `[batch,
    n_samples]` or with a third axis of channels; `attack_ms` (0 to 500), how fast the gain falls,
    and `release_ms` (1 to 5000), how fast it rises, as the time for 63% of the way in dB;
    `gain_db` (-24 to 48), for what is left; and those of the subclass; each `[batch, 1]`.

    Args:
        detector: "peak" takes the level of each sample, "rms" the mean square of the last
            `rms_ms`.
        rms_ms: Length of that mean, > 0.
        link: Of channels: "max" turns all down as the loudest asks, "mean" as the mean of their
            levels in dB, "none" each as it asks itself.
        look_ahead_ms: By how much the sound is late behind its gain, >= 0: the gain has fallen when
            a loud sound begins, and stays down until it has passed. It is latency.
        smoothing: "attack_release" chooses between both times at every sample, exactly; "one_pole"
            uses the attack time alone, which takes half as long.
        sample_rate: In Hz.
        name: The processor's name.

    Raises:
        ArgumentError: An unknown detector, link or smoothing, or a time out of range.
    """

    optional_input_names: tuple[str, ...] = ("side_chain",)

    def __init__(
        self,
        *,
        detector: Literal["peak", "rms"] = "peak",
        rms_ms: float = 10.0,
        link: Literal["max", "mean", "none"] = "max",
        look_ahead_ms: float = 0.0,
        smoothing: Literal["attack_release", "one_pole"] = "attack_release",
        sample_rate: int = 44100,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, name=name, **kwargs)
        for key, value, known in (
            ("detector", detector, ("peak", "rms")),
            ("link", link, _LINKS),
            ("smoothing", smoothing, _SMOOTHINGS),
        ):
            if value not in known:
                listing = ", ".join(f'"{name}"' for name in known)
                raise ArgumentError(f"`{key}` should be one of {listing}. Received {value!r}.")
        if rms_ms <= 0 or look_ahead_ms < 0:
            raise ArgumentError(
                "`rms_ms` should be above 0 and `look_ahead_ms` at least 0. "
                f"Received {rms_ms} and {look_ahead_ms}."
            )
        self.detector = detector
        self.rms_ms = rms_ms
        self.link = link
        self.look_ahead_ms = look_ahead_ms
        self.smoothing = smoothing

    @property
    def curve_signals(self) -> Mapping[str, Signal]:
        """What the subclass's curve takes."""
        raise NotImplementedError

    def curve(self, level: tf.Tensor, controls: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Gives the gain in dB, at most 0, for levels in dB that stay, `[rows, n_samples]`.

        Args:
            level: In dB.
            controls: `curve_signals` as `[rows, 1]`.
        """
        raise NotImplementedError

    @property
    def latency_samples(self) -> int:
        """By how much the sound is late."""
        return round(self.look_ahead_ms / 1000.0 * self.sample_rate)

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sound, the side chain, the curve's inputs, the times and the gain."""
        return {
            "audio": Signal("samples", width=None),
            **self.curve_signals,
            "attack_ms": Signal("value", unit="ms", low=0.0, high=500.0, default=10.0),
            "release_ms": Signal("value", unit="ms", low=1.0, high=5000.0, default=100.0),
            "gain_db": Signal("value", unit="dB", low=-24.0, high=48.0, default=0.0),
            "side_chain": Signal("samples", width=None),
        }

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """As the inputs, without the side chain, which may be left out."""
        return {key: x for key, x in self.input_signals.items() if key != "side_chain"}

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Passes them on."""
        return {
            **{key: inputs[key] for key in self.control_signals},
            **optional_inputs(self, inputs),
        }

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Silence, at full gain; channels show themselves with the first block."""
        return {
            "gain_db": tf.zeros([batch_size, 1]),
            "targets_db": tf.zeros([batch_size, self.latency_samples, 1]),
            "mean_square": tf.zeros([batch_size, 1]),
            "late": tf.zeros([batch_size, self.latency_samples, 1]),
        }

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[Any, State]:
        """Turns one block down; the state is the gain, its targets, and the late sound."""
        del n_frames
        audio = tf.convert_to_tensor(controls["audio"])
        sound = with_channels(audio)
        side = controls.get("side_chain")
        side = sound if side is None else with_channels(tf.convert_to_tensor(side))
        if self.link == "none" and not _each_or_one(side.shape[2], sound.shape[2]):
            raise ArgumentError(
                f"`{self.name}`: with channels that aren't linked, `side_chain` should have one "
                f"channel, or {sound.shape[2]} as `audio` has. Received {side.shape[2]}."
            )
        gain_db, after = self._gain_db(side, controls, state)
        # A gain of one channel is that of all.
        late = tf.concat([_wide(state["late"], sound), sound], axis=1)
        n_samples = tf.shape(sound)[1]
        gain_db += controls["gain_db"][:, tf.newaxis]
        played = late[:, :n_samples] * tf.pow(tf.constant(10.0), gain_db / 20.0)
        after["late"] = late[:, n_samples:]
        return tf.reshape(played, tf.shape(audio)), after

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "detector": self.detector,
            "rms_ms": self.rms_ms,
            "link": self.link,
            "look_ahead_ms": self.look_ahead_ms,
            "smoothing": self.smoothing,
        }

    def _gain_db(
        self, side: tf.Tensor, controls: Mapping[str, Any], state: State
    ) -> tuple[tf.Tensor, State]:
        """The smoothed gain, `[batch, n_samples, n_channels or 1]`."""
        batch_size, n_channels = tf.shape(side)[0], tf.shape(side)[2]

        def rows(values: tf.Tensor) -> tf.Tensor:
            return tf.reshape(tf.transpose(values, [0, 2, 1]), [-1, tf.shape(values)[1]])

        def channels(values: tf.Tensor) -> tf.Tensor:
            split = tf.reshape(values, [batch_size, -1, tf.shape(values)[1]])
            return tf.transpose(split, [0, 2, 1])

        factor = None
        if self.detector == "rms":
            factor = dsp.time_factor(self.rms_ms, sample_rate=self.sample_rate)
        mean_square = tf.broadcast_to(state["mean_square"], [batch_size, n_channels])
        level, power = dsp.level_db(
            rows(side), mean_square=tf.reshape(mean_square, [-1]), factor=factor
        )
        if self.link != "none":
            link = tf.reduce_max if self.link == "max" else tf.reduce_mean
            level = rows(link(channels(level), axis=2, keepdims=True))
        n_rows = tf.shape(level)[0] // tf.maximum(batch_size, 1)
        settings = {
            key: tf.repeat(controls[key], n_rows, axis=0)
            for key in (*self.curve_signals, "attack_ms", "release_ms")
        }
        attack, release = (
            dsp.time_factor(settings[key], sample_rate=self.sample_rate)
            for key in ("attack_ms", "release_ms")
        )
        # Down until the sound that asked for it has passed.
        earlier = tf.broadcast_to(state["targets_db"], [batch_size, self.latency_samples, n_rows])
        targets = tf.concat([rows(earlier), self.curve(level, settings)], axis=1)
        target = _running_minimum(targets, self.latency_samples + 1)
        before = tf.reshape(tf.broadcast_to(state["gain_db"], [batch_size, n_rows]), [-1])
        if self.smoothing == "one_pole":
            smoothed, last = dsp.first_order(attack * target, 1.0 - attack, before)
        else:
            smoothed, last = dsp.attack_release(target, attack, release, before)
        after = {
            "gain_db": tf.reshape(last, [batch_size, n_rows]),
            "targets_db": channels(targets[:, tf.shape(target)[1] :]),
            "mean_square": tf.reshape(power, [batch_size, n_channels]),
        }
        return channels(smoothed), after


def with_channels(audio: tf.Tensor) -> tf.Tensor:
    """Gives `[batch, n_samples, n_channels]`, of one channel where there is no axis for them."""
    return audio[..., tf.newaxis] if audio.shape.rank == 2 else audio


def _each_or_one(n_side: int | None, n_channels: int | None) -> bool:
    return n_side in (None, 1) or n_channels is None or n_side == n_channels


def _running_minimum(values: tf.Tensor, window: int) -> tf.Tensor:
    """The least of every `window` neighbours, `[rows, n]` to `[rows, n - window + 1]`."""
    done = 1
    while done < window:
        step = min(done, window - done)
        values = tf.minimum(values[:, step:], values[:, :-step])
        done += step
    return values


def _wide(late: tf.Tensor, sound: tf.Tensor) -> tf.Tensor:
    return tf.broadcast_to(late, [tf.shape(late)[0], tf.shape(late)[1], tf.shape(sound)[2]])
