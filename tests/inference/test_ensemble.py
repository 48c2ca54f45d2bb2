"""Several instruments: who plays what, and that the stems are the mix."""

import mido
import numpy as np
import pytest
import soundfile
from inference_toys import following_instrument, range_statistics

from ddsp_tf.errors import ArgumentError, OutputError, ScoreFileError
from ddsp_tf.inference import Ensemble, EnsemblePlayer, Render

RATE = 16000


@pytest.fixture(scope="module")
def duet(tmp_path_factory):
    file = mido.MidiFile(ticks_per_beat=480)
    for channel, (name, key) in enumerate((("Flute", 81), ("Cello", 57))):
        file.tracks.append(
            mido.MidiTrack(
                [
                    mido.MetaMessage("track_name", name=name),
                    mido.Message("note_on", note=key, velocity=90, channel=channel),
                    mido.Message("note_off", note=key, time=480, channel=channel),
                ]
            )
        )
    path = tmp_path_factory.mktemp("scores") / "duet.mid"
    file.save(path)
    return path


@pytest.fixture(scope="module")
def ensemble():
    def player(name, parts=None):
        instrument = following_instrument(range_statistics())
        render = Render(instrument, performer="plain", tail_s=0.25, chunk_s=0.3)
        return EnsemblePlayer(name, render, parts)

    return Ensemble([player("runs/cello", "cello"), player("flute")])


def level_db(audio, hz):
    part = audio[3000:7000] * np.hanning(4000)
    wave = np.exp(-2j * np.pi * hz * np.arange(4000) / RATE)
    return 20 * np.log10(abs(np.dot(part, wave)) / 1000 + 1e-9)


def test_stems_hold_a_part_each_and_sum_up_to_the_mix(ensemble, duet, tmp_path):
    seen = []
    report = ensemble.render_file(
        duet, tmp_path / "duet.flac", stems=True, bit_depth=24, progress=seen.append
    )
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    names = ["duet.flac", "duet_1_cello.flac", "duet_2_flute.flac"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert [path.name for path in report.stems] == names[1:]
    mix, cello, flute = (soundfile.read(tmp_path / name)[0] for name in names)
    assert len(mix) == pytest.approx(0.75 * RATE, abs=64)
    np.testing.assert_allclose(cello + flute, mix, atol=1e-6)
    assert level_db(cello, 220.0) > -45 > -75 > level_db(cello, 880.0 * 1.02)
    # The third partial of 220 Hz is 660 Hz; 880 Hz is the fourth, softer than the flute's first.
    assert level_db(flute, 880.0) > level_db(cello, 880.0) + 6
    assert level_db(flute, 220.0) < -75
    assert report.lines()[0].startswith("runs/cello: part 2: Cello (track 2, channel 2), 1 note")
    assert report.to_dict()["players"][1]["n_notes"] == 1
    with pytest.raises(OutputError, match=r"duet\.flac"):
        ensemble.render_file(duet, tmp_path / "duet.flac")


def test_rates_and_parts_that_do_not_go_round(ensemble, duet, tmp_path):
    report = ensemble.render_file(duet, tmp_path / "duet.wav", sample_rate=22050)
    info = soundfile.info(tmp_path / "duet.wav")
    assert (info.samplerate, info.channels) == (22050, 1)
    assert info.frames == pytest.approx(report.seconds * 22050, abs=1)
    assert not report.unplayed
    cello = Ensemble(ensemble.players[:1]).render_file(duet, tmp_path / "cello.wav")
    assert cello.lines()[
        1
    ] == "not played: part 1: Flute (track 1, channel 1), 1 note, A5 to A5, " + ("one at a time")
    with pytest.raises(ScoreFileError, match="no part `cello`"):
        ensemble.render_file(duet, tmp_path / "one.wav", track=1)
    assert not (tmp_path / "one.wav").exists()
    with pytest.raises(ArgumentError, match="Received none"):
        Ensemble([])
