"""What phones and cameras record: read to the sample where the container says how long it is."""

import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from phone_files import write_phone_file, write_silent_video
from recorded_sounds import tone

from ddsp_tf.audio import audio_info, find_audio_files, iterate_audio, read_audio, read_sound
from ddsp_tf.errors import AudioFileError

AAC_FRAME = 1024


def phrase(rate: int, seconds: float = 2.0) -> np.ndarray:
    """A tone between silences, so that a shift in time shows."""
    gap = np.zeros(rate // 2, np.float32)
    return np.concatenate([gap, tone(seconds - 1.0, sample_rate=rate, f0_hz=440.0), gap])


def shift_of(audio: np.ndarray, original: np.ndarray) -> int:
    n = 2 * max(len(audio), len(original))
    spectrum = np.fft.rfft(audio, n) * np.conj(np.fft.rfft(original, n))
    best = int(np.argmax(np.fft.irfft(spectrum)))
    return best if best < n // 2 else best - n


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("voice memo.m4a", "aac", 44100),
        ("lossless.m4a", "alac", 48000),
        ("film.mp4", "aac", 48000),
        ("camera.mov", "pcm_s16le", 48000),
        ("call.3gp", "aac", 16000),
        ("page.webm", "libopus", 48000),
    ],
)
def test_length_level_and_time_are_those_of_the_recording(name, codec, rate, tmp_path):
    original = phrase(rate)
    path = write_phone_file(tmp_path / name, original, rate, codec)
    audio, read_rate = read_audio(path)
    assert read_rate == rate
    assert len(audio) == len(original)
    assert abs(shift_of(audio, original)) <= 1
    middle = slice(rate * 3 // 4, rate * 5 // 4)
    difference_db = 20 * np.log10(np.std(audio[middle]) / np.std(original[middle]))
    assert abs(difference_db) < 0.2


@pytest.mark.parametrize(
    ("name", "codec", "rate", "frame"),
    [
        ("stream.aac", "aac", 44100, 2 * AAC_FRAME),  # No length, no delay: both are in the sound.
        ("film.mkv", "aac", 44100, AAC_FRAME),
        ("memo.amr", "libopencore_amrnb", 8000, 160),
    ],
)
def test_where_the_container_says_nothing_length_is_right_to_the_frame(
    name, codec, rate, frame, tmp_path
):
    original = phrase(rate)
    path = write_phone_file(tmp_path / name, original, rate, codec)
    audio, _ = read_audio(path)
    assert len(original) <= len(audio) <= len(original) + frame


def test_wma_of_windows_is_read(tmp_path):
    original = phrase(44100)
    path = write_phone_file(tmp_path / "old.wma", original, 44100, "wmav2")
    audio, _ = read_audio(path, sample_rate=16000)
    assert len(audio) / 16000 == pytest.approx(2.0, abs=0.1)
    assert np.max(np.abs(audio)) == pytest.approx(0.3, rel=0.1)


def test_blocks_of_stereo_are_the_whole_resampled(tmp_path):
    left = phrase(44100, 12.0)
    path = write_phone_file(tmp_path / "stereo.m4a", np.stack([left, 0.5 * left], 1), 44100, "aac")
    info = audio_info(path)
    assert (info.n_channels, info.sample_rate, info.seconds) == (2, 44100, 12.0)
    assert info.format == "MOV AAC"
    whole, _ = read_audio(path, sample_rate=16000)
    assert len(whole) == pytest.approx(12 * 16000, abs=1)
    blocks = list(iterate_audio(path, sample_rate=16000, block_s=1.0))
    assert {len(block) for block in blocks[:-1]} == {16000}
    np.testing.assert_array_equal(np.concatenate(blocks), whole)


def test_a_video_without_sound_says_so(tmp_path):
    path = write_silent_video(tmp_path / "clip.mp4")
    with pytest.raises(AudioFileError, match=r"clip\.mp4` is a video without sound"):
        read_audio(path)


def test_a_video_that_was_cut_off_says_where(tmp_path, capfd):
    path = write_phone_file(
        tmp_path / "cut.m4a", phrase(44100, 20.0), 44100, "aac", options={"movflags": "faststart"}
    )
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(AudioFileError, match=r"truncated or damaged: only its first \d+\.\d s"):
        read_audio(path)
    assert capfd.readouterr().err == ""


def test_without_its_index_a_recording_is_damaged(tmp_path, capfd):
    path = write_phone_file(tmp_path / "crash.m4a", phrase(44100), 44100, "aac")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(AudioFileError, match=r"crash\.m4a` is not audio.*start is damaged"):
        read_audio(path)
    assert capfd.readouterr().err == ""


def test_metadata_that_is_no_text_is_no_error(tmp_path):
    path = write_phone_file(
        tmp_path / "title.m4a", phrase(44100), 44100, "aac", metadata={"title": "Übung eins"}
    )
    content = path.read_bytes()
    assert "Übung".encode() in content
    path.write_bytes(content.replace("Ü".encode(), b"\xff\xfe"))
    assert len(read_audio(path)[0]) == 88200


def test_a_playlist_opens_no_other_file(tmp_path):
    write_phone_file(tmp_path / "a.m4a", phrase(44100), 44100, "aac")
    (tmp_path / "list.m4a").write_text("#EXTM3U\n#EXTINF:2,\na.m4a\n#EXT-X-ENDLIST\n")
    (tmp_path / "concat.m4a").write_text("ffconcat version 1.0\nfile a.m4a\n")
    for name in ("list.m4a", "concat.m4a"):
        with pytest.raises(AudioFileError, match="is not audio"):
            read_audio(tmp_path / name)


def test_sound_that_libsndfile_knows_does_not_load_ffmpeg(tmp_path):
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(np.full(1600, 1000, "<i2").tobytes())
    code = "import sys; from ddsp_tf.audio import read_audio; read_audio(sys.argv[1]); "
    code += "sys.exit('av' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code, tmp_path / "a.wav"]).returncode == 0


def test_they_are_found_in_folders(tmp_path):
    names = ["a.m4a", "b.MP4", "c.mov", "d.webm", "e.3gp", "f.wma", "g.aac"]
    for name in names:
        Path(tmp_path, name).touch()
    assert [path.name for path in find_audio_files(tmp_path)] == names


def test_two_tracks_are_told(tmp_path):
    import av

    path = tmp_path / "two.mp4"
    with av.open(path, "w") as container:
        streams = [container.add_stream("aac", rate=44100, layout="mono") for _ in range(2)]
        for stream in streams:
            frame = av.AudioFrame.from_ndarray(phrase(44100)[None], format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 44100, 0
            container.mux([*stream.encode(frame), *stream.encode(None)])
    assert read_sound(path).remarks == ("has 2 audio tracks; one of them was read.",)


@pytest.mark.parametrize("layout", ["7.1", "octagonal", "16 channels"])
def test_eight_channels_and_more(layout, tmp_path):
    import av

    n_channels = 16 if layout.startswith("16") else 8
    path = tmp_path / "surround.mkv"
    left = phrase(48000)
    with av.open(path, "w") as container:
        stream = container.add_stream("pcm_f32le", rate=48000, layout=layout)
        packed = np.repeat(left[:, np.newaxis], n_channels, axis=1).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
        frame.sample_rate, frame.pts = 48000, 0
        container.mux([*stream.encode(frame), *stream.encode(None)])
    assert audio_info(path).n_channels == n_channels
    np.testing.assert_allclose(read_audio(path)[0], left, atol=1e-6)


def test_eight_channels_of_aac_which_come_one_by_one(tmp_path):
    import av

    path = tmp_path / "surround.m4a"
    left = phrase(48000)
    with av.open(path, "w") as container:
        stream = container.add_stream("aac", rate=48000, layout="7.1")
        stream.bit_rate = 1_000_000
        frame = av.AudioFrame.from_ndarray(
            np.repeat(left[:, np.newaxis], 8, axis=1).reshape(1, -1), format="flt", layout="7.1"
        )
        frame.sample_rate, frame.pts = 48000, 0
        resampler = av.AudioResampler(format="fltp", layout="7.1", rate=48000)
        for converted in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(converted))
        container.mux(stream.encode(None))
    audio, _ = read_audio(path)
    assert len(audio) == len(left)
    assert abs(shift_of(audio, left)) <= 1
