"""Parameters found for a sound."""

import numpy as np
import pytest
import tensorflow as tf
from inference_toys import following_instrument

from ddsp_tf.errors import ArgumentError, AudioFileError
from ddsp_tf.inference import match
from ddsp_tf.losses import Compare, ErrorToSignal, SpectralLoss
from ddsp_tf.models import Parametric
from ddsp_tf.processors import (
    Adsr,
    DryWet,
    Harmonic,
    Phaser,
    ProcessorGroup,
    Reverb,
    SawSquare,
)

RATE = 16000


def harmonic_model() -> Parametric:
    names = ["amplitudes", "harmonic_distribution", "f0_hz"]
    group = ProcessorGroup(dag=[(Harmonic(n_harmonics=3), names)])
    return Parametric(processor_group=group, initial={"f0_hz": 300.0})


def room_model() -> Parametric:
    reverb = Reverb(impulse_response_length=400, add_dry=False)
    reverb.impulse_response.assign(np.r_[0.0, np.full(399, 0.02)].astype(np.float32))
    reverb.trainable = False
    group = ProcessorGroup(dag=[(DryWet(reverb, initial_wet=0.5), ["audio", "wet"])])
    return Parametric(processor_group=group, sample_rate=RATE, hop_length=64)


@pytest.mark.slow
def test_a_sound_of_the_model_is_found_again():
    source = harmonic_model()
    source.set_parameters(
        {"amplitudes": -1.0, "harmonic_distribution": [1.0, -1.0, 0.0], "f0_hz": 300.0}
    )
    silence = np.zeros((1, 16000), np.float32)
    sound = source({"audio": tf.constant(silence)})["audio"].numpy()[0]
    found = match(harmonic_model(), sound, n_steps=200)
    assert found.loss < 0.1 * found.start_loss
    spectra = [np.abs(np.fft.rfft(x[4000:12000])) for x in (sound, found.audio)]
    for hz in (300, 600, 900):
        levels = [spectrum[hz // 2] for spectrum in spectra]
        assert abs(20 * np.log10(levels[1] / levels[0])) < 1.0
    value, unit, low, _ = found.parameters["f0_hz"]
    assert abs(value - 300.0) < 1.0
    assert (unit, low) == ("Hz", 0.0)


@pytest.mark.parametrize("seconds", [1.0, pytest.param(9.0, marks=pytest.mark.slow)])
def test_an_effect_is_found_from_dry_and_treated_sound(seconds):
    dry = 0.1 * np.random.default_rng(0).standard_normal(round(seconds * RATE)).astype(np.float32)
    source = room_model()
    source.set_parameters({"wet": 0.8})
    treated = source({"dry": tf.constant(dry[np.newaxis])})["audio"].numpy()[0]
    found = match(room_model(), treated, dry=dry, n_steps=60)
    assert abs(found.parameters["wet"][0] - 0.8) < 0.02
    assert found.audio.shape == treated.shape
    assert found.to_dict()["parameters"]["wet"]["high"] == 1.0


@pytest.mark.slow
def test_the_same_seed_finds_the_same():
    sound = 0.1 * np.sin(2 * np.pi * 330 * np.arange(8000) / RATE)
    first, second = (match(harmonic_model(), sound, n_steps=8, n_starts=2) for _ in range(2))
    assert first.parameters == second.parameters
    assert first.n_steps == 2 + 2 + 8


def swinging_model(rate_hz: float) -> Parametric:
    names = ["audio", "rate_hz", "low_hz", "high_hz"]
    group = ProcessorGroup(dag=[(Phaser(sample_rate=8000), names)])
    return Parametric(processor_group=group, hop_length=64, initial={"rate_hz": rate_hz})


def swinging_sound(n_samples: int) -> tuple[np.ndarray, np.ndarray]:
    dry = 0.1 * np.random.default_rng(0).standard_normal(n_samples).astype(np.float32)
    return dry, swinging_model(2.0)({"dry": tf.constant(dry[np.newaxis])})["audio"].numpy()[0]


SWING = {"objective": Compare(ErrorToSignal()), "learning_rate": 0.05}


@pytest.mark.parametrize("grow", [True, False])
@pytest.mark.slow
def test_a_swing_is_found_from_its_beginning(grow):
    """Heard as a whole at once, a rate that is far off doesn't find its way."""
    dry, treated = swinging_sound(24000)
    found = match(swinging_model(3.0), treated, dry=dry, n_steps=80, grow=grow, **SWING)
    assert (abs(found.parameters["rate_hz"][0] - 2.0) < 0.01) == grow
    assert (found.loss < 0.01) == grow


@pytest.mark.slow
def test_of_several_starts_the_best_goes_on():
    dry, treated = swinging_sound(24000)
    tries = {"rate_hz": [6.0, 2.2]}
    found = match(swinging_model(6.0), treated, dry=dry, n_steps=60, tries=tries, **SWING)
    assert abs(found.parameters["rate_hz"][0] - 2.0) < 0.01
    assert found.n_steps == 15 + 15 + 60
    with pytest.raises(ArgumentError, match="There is no parameter `pitch`"):
        match(swinging_model(6.0), treated, dry=dry, n_steps=1, tries={"pitch": [1.0, 2.0]})


def test_what_swings_is_not_heard_in_clips():
    """Of 9 s the first 8: a clip from the middle would begin where the swing does not."""
    dry, treated = swinging_sound(72000)
    found = match(swinging_model(2.0), treated, dry=dry, n_steps=1, **SWING)
    assert found.start_loss < 1e-6
    assert found.audio.shape == treated.shape


def test_ctrl_c_keeps_the_best(monkeypatch):
    sound = 0.1 * np.sin(2 * np.pi * 300 * np.arange(8000) / RATE)

    def interrupt(share: float) -> None:
        if share > 0.5:
            raise KeyboardInterrupt

    found = match(harmonic_model(), sound, n_steps=100, progress=interrupt)
    assert found.interrupted
    assert found.n_steps == 51
    assert found.loss < found.start_loss


def test_a_time_limit_ends_it():
    sound = 0.1 * np.sin(2 * np.pi * 300 * np.arange(8000) / RATE)
    found = match(harmonic_model(), sound, n_steps=100_000, max_minutes=0.02)
    assert 1 <= found.n_steps < 100_000


def test_a_loss_that_is_no_number_is_said():
    sound = 0.1 * np.sin(np.arange(16000) * 0.1)

    def broken(batch, outputs):
        return {"loss": tf.reduce_mean(outputs["audio"]) * np.nan}

    with pytest.raises(ArgumentError, match="no number from the start to the end"):
        match(harmonic_model(), sound, objective=broken, n_steps=2)


def tone_model() -> Parametric:
    """Every constant has two ends."""
    rates = {"sample_rate": 8000, "hop_length": 80}
    names = ["f0_hz", "note_s", "attack_s", "decay_s", "sustain", "release_s"]
    synth = ["f0_hz", "adsr/signal", "adsr/signal", "amplitude", "cutoff_hz"]
    group = ProcessorGroup(dag=[(Adsr(**rates), names), (SawSquare(n_harmonics=4, **rates), synth)])
    return Parametric(processor_group=group)


TONE = (0.2 * np.sin(2 * np.pi * 440 * np.arange(4000) / 8000)).astype(np.float32)
SHORT = Compare(SpectralLoss(fft_lengths=(512, 64)))


@pytest.mark.slow
def test_a_search_without_gradient_comes_near_and_is_written_down():
    found = match(tone_model(), TONE, objective=SHORT, method="ga", n_evaluations=400)
    assert found.loss < 0.6 * found.start_loss
    assert 400 <= found.n_evaluations < 440
    assert found.n_steps == 0
    assert found.to_dict()["method"] == "ga"
    # What was drawn and what the model holds is the same sound.
    both = match(
        tone_model(), TONE, objective=SHORT, method="ga+adam", n_evaluations=400, n_steps=20
    )
    assert both.n_steps == 20
    assert both.loss <= found.loss + 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("method", ["de", "adam"])
def test_one_that_was_stopped_goes_on_bit_by_bit(method, tmp_path):
    about = {"objective": SHORT, "method": method, "n_evaluations": 240, "n_steps": 30}
    whole = match(tone_model(), TONE, **about)
    state = tmp_path / "tone.search"

    def stop(share: float) -> None:
        if share > 0.4:
            raise KeyboardInterrupt

    first = match(tone_model(), TONE, **about, state=state, progress=stop)
    assert first.interrupted
    second = match(tone_model(), TONE, **about, state=state)
    assert second.parameters == whole.parameters
    assert second.n_steps + second.n_evaluations == whole.n_steps + whole.n_evaluations
    with pytest.raises(ArgumentError, match=r"made with other settings \(seed: 0, now 1\)"):
        match(tone_model(), TONE, **about, state=state, seed=1)
    with pytest.raises(ArgumentError, match=r"made with other settings \(sound: "):
        match(tone_model(), 0.5 * TONE, **about, state=state)


def test_what_has_no_range_is_not_drawn():
    with pytest.raises(ArgumentError, match="`method` de draws from ranges, and amplitudes, "):
        match(harmonic_model(), TONE, method="de")
    with pytest.raises(ArgumentError, match=r"such as ga\+adam. Received 'sa'"):
        match(tone_model(), TONE, method="sa")


@pytest.mark.slow
def test_places_of_an_effect_are_heard_in_every_clip():
    """A search over clips of a long sound finds the wet share that made it."""
    dry = 0.1 * np.random.default_rng(0).standard_normal(9 * RATE).astype(np.float32)
    source = room_model()
    source.set_parameters({"wet": 0.8})
    treated = source({"dry": tf.constant(dry[np.newaxis])})["audio"].numpy()[0]
    found = match(room_model(), treated, dry=dry, objective=SHORT, method="ga", n_evaluations=120)
    assert abs(found.parameters["wet"][0] - 0.8) < 0.02


def test_what_can_not_be_matched():
    sound = 0.1 * np.sin(np.arange(16000) * 0.1)
    with pytest.raises(ArgumentError, match="has no parameters to be found for a sound"):
        match(following_instrument(None).model, sound)
    names = ["amplitudes", "harmonic_distribution", "f0_hz"]
    group = ProcessorGroup(dag=[(Harmonic(n_harmonics=2), names)])
    with pytest.raises(ArgumentError, match="takes `f0_hz`, which can't be found in a sound"):
        match(Parametric(processor_group=group, columns=["f0_hz"]), sound)
    with pytest.raises(ArgumentError, match="the sound before it is needed"):
        match(room_model(), sound)
    with pytest.raises(ArgumentError, match="`dry` is for models of effects"):
        match(harmonic_model(), sound, dry=sound)
    with pytest.raises(ArgumentError, match="has 15999 samples and the treated one 16000"):
        match(room_model(), sound, dry=sound[1:])
    with pytest.raises(AudioFileError, match="silence"):
        match(harmonic_model(), np.zeros(16000))
    with pytest.raises(AudioFileError, match=r"The sound has 10.0 s"):
        match(harmonic_model(), np.tile(sound, 10))
    with pytest.raises(ArgumentError, match=r"`n_steps` should be above 0. Received 0"):
        match(harmonic_model(), sound, n_steps=0)
