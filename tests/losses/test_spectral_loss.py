"""The spectral loss: every term against NumPy, and gradients that silence can't break."""

import numpy as np
import pytest
import scipy.signal
import tensorflow as tf
from contracts import check_layer

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses import LOG_FLOOR, SpectralLoss

TERMS = ("magnitude", "log_magnitude", "delta_time", "delta_frequency", "cumulative_frequency")
NO_TERMS = {f"{term}_weight": 0.0 for term in TERMS}


@pytest.fixture(scope="module")
def target() -> np.ndarray:
    return dsp.uniform_noise(2, 4000, seed=1).numpy()


@pytest.fixture(scope="module")
def audio(target: np.ndarray) -> np.ndarray:
    time = np.arange(4000) / 16000
    return (0.5 * target + 0.3 * np.sin(2 * np.pi * 700 * time)).astype(np.float32)


def _magnitudes(audio: np.ndarray, fft_length: int, hop_length: int) -> np.ndarray:
    padded = np.pad(audio.astype(np.float64), [[0, 0], [fft_length // 2, fft_length]])
    starts = np.arange(0, audio.shape[1], hop_length)
    frames = np.stack([padded[:, start : start + fft_length] for start in starts], axis=1)
    return np.abs(np.fft.rfft(frames * scipy.signal.get_window("hann", fft_length)))


def _view(term: str, magnitudes: np.ndarray) -> np.ndarray:
    return {
        "magnitude": lambda x: x,
        "log_magnitude": lambda x: np.log(np.maximum(x, LOG_FLOOR)),
        "delta_time": lambda x: np.diff(x, axis=1),
        "delta_frequency": lambda x: np.diff(x, axis=2),
        "cumulative_frequency": lambda x: np.cumsum(x, axis=2),
    }[term](magnitudes)


@pytest.mark.parametrize("distance", ["l1", "l2"])
@pytest.mark.parametrize("overlap", [0.75, 0.5])
def test_every_term_equals_numpy(
    target: np.ndarray, audio: np.ndarray, distance: str, overlap: float
) -> None:
    fft_lengths = (512, 128)
    weights = {f"{term}_weight": 0.5 + i for i, term in enumerate(TERMS)}
    loss = SpectralLoss(fft_lengths=fft_lengths, overlap=overlap, distance=distance, **weights)
    terms = loss.terms(target, audio)
    assert set(terms) == set(TERMS)
    for i, term in enumerate(TERMS):
        expected = 0.0
        for fft_length in fft_lengths:
            hop_length = round(fft_length * (1 - overlap))
            difference = _view(term, _magnitudes(target, fft_length, hop_length)) - _view(
                term, _magnitudes(audio, fft_length, hop_length)
            )
            size = np.abs(difference) if distance == "l1" else difference**2
            expected += (0.5 + i) * size.mean()
        assert float(terms[term]) == pytest.approx(expected, rel=2e-4), term
    assert float(loss(target, audio)) == pytest.approx(sum(map(float, terms.values())), rel=1e-5)


@pytest.mark.parametrize("distance", ["l1", "l2"])
def test_loudness_term_is_the_mean_distance_in_decibels(audio: np.ndarray, distance: str) -> None:
    loss = SpectralLoss(**NO_TERMS, loudness_weight=2.0, loudness_fft_length=512, distance=distance)
    # 6.02 dB in every frame.
    expected = 2 * (6.0206 if distance == "l1" else 6.0206**2)
    assert float(loss(audio, 0.5 * audio)) == pytest.approx(expected, rel=1e-3)


def _band_levels(magnitudes: np.ndarray) -> np.ndarray:
    """Of third octaves below the last bin, where they are as wide as a bin; over 32 frames."""
    last = magnitudes.shape[2] - 1
    ends = sorted({round(last * 2 ** (-third / 3)) for third in range(60)} - {0})
    powers = [
        np.square(magnitudes[:, :, start + 1 : end + 1]).mean(axis=2)
        for start, end in zip([0, *ends], ends, strict=False)
    ]
    frames = np.lib.stride_tricks.sliding_window_view(np.stack(powers, axis=2), 32, axis=1)
    return np.log(np.maximum(frames.mean(axis=3), LOG_FLOOR**2)) / 2


@pytest.mark.parametrize("fft_length", [512, 100, 64])
def test_band_level_term_equals_numpy(
    target: np.ndarray, audio: np.ndarray, fft_length: int
) -> None:
    loss = SpectralLoss(**NO_TERMS, fft_lengths=(fft_length,), band_level_weight=3.0)
    sounds = (np.tile(target, 3), np.tile(audio * np.linspace(1, 1e-7, 4000), 3))
    levels = [_band_levels(_magnitudes(x, fft_length, fft_length // 4)) for x in sounds]
    expected = 3 * np.abs(levels[0] - levels[1]).mean()
    sounds = tuple(x.astype(np.float32) for x in sounds)
    assert float(loss(*sounds)) == pytest.approx(expected, rel=2e-4)
    assert float(tf.function(loss)(*sounds)) == pytest.approx(expected, rel=2e-4)


def test_band_level_needs_as_many_frames_as_it_takes_the_mean_of() -> None:
    loss = SpectralLoss(**NO_TERMS, fft_lengths=(64,), band_level_weight=1.0)
    sound = dsp.uniform_noise(1, 32 * 16, seed=1)
    assert float(loss(sound, 0.5 * sound)) == pytest.approx(np.log(2.0), rel=1e-4)
    assert float(loss(sound[:, :-16], 0.5 * sound[:, :-16])) == 0.0


def test_band_level_asks_for_the_level_of_noise_where_bins_ask_for_less() -> None:
    fading = tf.exp(1.5 * dsp.uniform_noise(1, 30, seed=3))
    swells = tf.repeat(fading, 1600, axis=1)
    target, noise = (dsp.uniform_noise(1, 48000, seed=seed) for seed in (1, 2))
    rms = tf.sqrt(tf.reduce_mean(tf.square(swells)))
    gains_db = np.arange(-8.0, 4.5, 0.5)

    def wanted_db(**weights: float) -> float:
        loss = SpectralLoss(**{**NO_TERMS, **weights}, fft_lengths=(4096,))
        values = [float(loss(target * swells, noise * rms * 10 ** (g / 20))) for g in gains_db]
        return float(gains_db[np.argmin(values)])

    assert wanted_db(magnitude_weight=1.0) < -2.0
    assert wanted_db(log_magnitude_weight=1.0) < -1.0
    assert abs(wanted_db(band_level_weight=1.0)) <= 0.5


def test_defaults_are_the_papers(target: np.ndarray, audio: np.ndarray) -> None:
    loss = SpectralLoss()
    terms = loss.terms(target, audio)
    assert set(terms) == {"magnitude", "log_magnitude"}
    for term in terms:
        expected = sum(
            np.abs(
                _view(term, _magnitudes(target, n, n // 4))
                - _view(term, _magnitudes(audio, n, n // 4))
            ).mean()
            for n in (2048, 1024, 512, 256, 128, 64)
        )
        assert float(terms[term]) == pytest.approx(expected, rel=2e-4)


def test_equal_sounds_have_no_loss_and_louder_differences_more(target: np.ndarray) -> None:
    weights = {f"{term}_weight": 1.0 for term in (*TERMS, "band_level", "loudness")}
    loss = SpectralLoss(**weights)
    assert float(loss(target, target)) == 0.0
    assert float(loss(target, 0.9 * target)) < float(loss(target, 0.7 * target))


def test_phase_is_of_no_account(target: np.ndarray) -> None:
    assert float(SpectralLoss()(target, -target)) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("level", [0.0, 1e-12, 1e-7, 1e-5, 1e-3])
@pytest.mark.parametrize("term", [*TERMS, "band_level", "loudness"])
def test_gradients_at_and_near_silence_are_bounded(term: str, level: float) -> None:
    loss = SpectralLoss(**{**NO_TERMS, f"{term}_weight": 1.0}, fft_lengths=(512, 64))
    target = dsp.uniform_noise(1, 2000, seed=1)
    audio = level * dsp.uniform_noise(1, 2000, seed=2)
    with tf.GradientTape() as tape:
        tape.watch(audio)
        value = loss(target, audio)
    gradient = tape.gradient(value, audio).numpy()
    assert np.isfinite(float(value))
    assert np.all(np.isfinite(gradient))
    # The steepest slope of a logarithm is 1 / LOG_FLOOR, and means are over many bins.
    assert np.max(np.abs(gradient)) < 1 / LOG_FLOOR


def test_gradient_descends_and_does_not_reach_the_target(
    target: np.ndarray, audio: np.ndarray
) -> None:
    loss = SpectralLoss(fft_lengths=(512, 128))
    target, audio = tf.constant(target), tf.constant(audio)
    with tf.GradientTape() as tape:
        tape.watch((target, audio))
        value = loss(target, audio)
    to_target, to_audio = tape.gradient(value, (target, audio))
    assert to_target is None
    step = 0.01 * tf.norm(audio) / tf.norm(to_audio)
    assert float(loss(target, audio - step * to_audio)) < float(value)


def test_sounds_of_one_frame_have_every_term() -> None:
    loss = SpectralLoss(**{f"{term}_weight": 1.0 for term in (*TERMS, "band_level")})
    audio = dsp.uniform_noise(1, 100, seed=1)
    assert np.isfinite(float(loss(audio, 0.5 * audio)))


@pytest.mark.parametrize("distance", ["l1", "l2"])
def test_the_loss_in_one_pass_is_the_sum_of_its_terms(
    target: np.ndarray, audio: np.ndarray, distance: str
) -> None:
    weights = {
        f"{term}_weight": 0.5 + i for i, term in enumerate((*TERMS, "band_level", "loudness"))
    }
    loss = SpectralLoss(fft_lengths=(256, 64), distance=distance, **weights)
    heard = tf.constant(audio)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(heard)
        total, shown = loss.with_terms(target, heard)
        terms = loss.terms(target, heard)
        summed = 3.0 * tf.add_n(list(terms.values()))
        tripled = 3.0 * total
    assert list(shown) == list(terms)
    for name, value in terms.items():
        np.testing.assert_allclose(shown[name], value, rtol=1e-6)
    np.testing.assert_allclose(3.0 * total, summed, rtol=1e-6)
    expected = tape.gradient(summed, heard).numpy()
    np.testing.assert_allclose(
        tape.gradient(tripled, heard), expected, atol=1e-5 * np.abs(expected).max()
    )


def test_no_more_than_two_fft_sizes_are_worked_on_at_once(target: np.ndarray) -> None:
    """Each waits for the one before the last, so that memory holds the spectra of two."""
    loss = SpectralLoss(fft_lengths=(512, 256, 128, 64))

    @tf.function(autograph=False)
    def slope(audio: tf.Tensor) -> tf.Tensor:
        return tf.gradients(loss(target, audio), audio)[0]

    graph = slope.get_concrete_function(tf.TensorSpec(target.shape)).graph
    transforms = {"RFFT": [], "IRFFT": []}
    for operation in graph.get_operations():
        if operation.type in transforms:
            transforms[operation.type].append(operation)
    assert len(transforms["IRFFT"]) == 4
    assert len(transforms["RFFT"]) == 8

    def comes_after(operation: tf.Operation, earlier: tf.Operation) -> bool:
        seen, waiting = set(), [operation]
        while waiting:
            current = waiting.pop()
            if current is earlier:
                return True
            for parent in [*(x.op for x in current.inputs), *current.control_inputs]:
                if parent.name not in seen:
                    seen.add(parent.name)
                    waiting.append(parent)
        return False

    for size in (2, 3):
        for forward in transforms["RFFT"][2 * size : 2 * size + 2]:
            assert comes_after(forward, transforms["IRFFT"][size - 2])
            assert not comes_after(forward, transforms["IRFFT"][size - 1])


def test_no_terms_are_no_loss(target: np.ndarray) -> None:
    loss = SpectralLoss(**NO_TERMS)
    assert loss.terms(target, 0 * target) == {}
    assert loss.with_terms(target, 0 * target)[1] == {}
    assert float(loss(target, 0 * target)) == 0.0


def test_holds_the_contract() -> None:
    check_layer(
        lambda: SpectralLoss(
            fft_lengths=(256, 64),
            overlap=0.5,
            delta_time_weight=0.3,
            loudness_weight=0.1,
            loudness_fft_length=512,
        ),
        lambda batch, n_frames: {
            "target_audio": dsp.uniform_noise(batch, 100 * n_frames, seed=1),
            "audio": dsp.uniform_noise(batch, 100 * n_frames, seed=2),
        },
        call=lambda loss, inputs: loss(inputs["target_audio"], inputs["audio"]),
        without_gradient=["target_audio"],
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"distance": "cosine"}, r'`distance` should be "l1" or "l2"\. Received \'cosine\'\.'),
        ({"overlap": 1.0}, r"`overlap` should be at least 0 and below 1\. Received 1\.0\."),
        ({"loudness_weight": -1.0}, r"`loudness_weight` should not be negative\. Received -1\.0"),
        ({"delta_time_weight": -0.5}, r"`delta_time_weight` should not be negative"),
    ],
)
def test_refuses_wrong_arguments(arguments: dict, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        SpectralLoss(**arguments)
