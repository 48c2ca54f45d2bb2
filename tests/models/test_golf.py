"""GOLF: its configuration plays, in blocks too, and its edits do what they say."""

import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf import config
from ddsp_tf.models import BlockPlayer

SMALL = ["N_UNITS=8"]


@pytest.fixture(scope="module")
def golf():
    return config.parse(["papers/yu2023/golf.gin"], SMALL).build_model()


def _features(n_frames=12):
    rng = np.random.default_rng(0)
    return {
        "f0_hz": np.full([1, n_frames, 1], 220.0, np.float32),
        "loudness_db": np.full([1, n_frames, 1], -20.0, np.float32),
        "mel_db": rng.uniform(-60, -20, [1, n_frames, 80]).astype(np.float32),
    }


def test_it_plays_the_same_in_blocks_and_is_edited(golf):
    features = _features()
    whole = golf({key: tf.constant(x) for key, x in features.items()})["audio"].numpy()[0]
    rows = {key: x[0] for key, x in features.items()}
    blocks = np.concatenate(list(BlockPlayer(golf, block_frames=5).blocks(rows)))
    np.testing.assert_allclose(blocks, whole, atol=1e-4)
    edited = {**rows, "r_d_offset": np.array([1.0]), "tract_length_ratio": np.array([1.2])}
    moved = np.concatenate(list(BlockPlayer(golf, block_frames=5).blocks(edited)))
    assert np.max(np.abs(moved - whole)) > 0.01


def test_unvoiced_throughout_is_breath_and_silence_is_quiet(golf):
    features = {**_features(), "f0_hz": np.zeros([1, 12, 1], np.float32)}
    outputs = golf({key: tf.constant(x) for key, x in features.items()})
    assert not np.any(outputs["controls"]["glottal_source"]["signal"])
    assert np.all(np.isfinite(outputs["audio"]))
    assert np.max(np.abs(outputs["audio"])) < 1.0


def test_below_0_the_shape_presses_and_above_it_is_breathier(golf):
    features = {key: tf.constant(x) for key, x in _features(60).items()}

    def tilt_db(offset):
        played = golf({**features, "r_d_offset": tf.constant([[offset]])})
        audio = played["controls"]["voice"]["signal"].numpy()[0, 1600:3200]
        level = np.abs(np.fft.rfft(audio * np.hanning(1600)))  # 10 Hz a bin
        return 20 * np.log10(level[22] / level[44])

    pressed, plain, breathy = (tilt_db(x) for x in (-0.5, 0.0, 0.8))
    assert plain - pressed > 4.0
    assert breathy - plain > 6.0


def test_its_loss_draws_the_shape_to_what_was_measured(golf):
    objective = config.parse(["papers/yu2023/golf.gin"], SMALL).build_objective()
    batch = {key: tf.constant(x) for key, x in _features(50).items()}
    outputs = golf(batch)
    shape = outputs["controls"]["glottal_source"]["controls"]["r_d"]
    batch["audio"] = outputs["audio"]
    for apart in (0.0, 0.5):
        terms = objective({**batch, "r_d": shape + apart}, outputs)
        total = float(tf.add_n(list(terms.values())))
        np.testing.assert_allclose(total, apart**2, atol=1e-4)


@pytest.mark.slow
def test_its_saved_model_plays_what_python_plays(golf, tmp_path):
    from ddsp_tf.export import export_saved_model
    from ddsp_tf.features import FeatureSettings
    from ddsp_tf.models import Instrument

    columns = ("f0_hz", "loudness_db", "mel_db")
    settings = FeatureSettings(sample_rate=16000, hop_length=64, columns=columns)
    export_saved_model(Instrument(golf, settings), tmp_path / "golf")
    loaded = tf.saved_model.load(str(tmp_path / "golf"))
    features = _features()
    played = loaded.signatures["synthesize"](
        **{key: tf.constant(x[..., 0] if x.shape[-1] == 1 else x) for key, x in features.items()}
    )["audio"].numpy()
    expected = golf({key: tf.constant(x) for key, x in features.items()})["audio"]
    np.testing.assert_allclose(played, expected, atol=1e-4)
