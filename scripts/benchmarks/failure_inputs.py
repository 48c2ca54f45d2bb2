"""Sounds that synthesisers of this kind fail on, made or taken from recordings."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from ddsp_tf.audio import read_audio

RATE = 16000
NOTE_S, PAUSE_S = 0.5, 0.4
FAST_NOTE_S = 0.1
SEMIQUAVER_S = 1 / 16
REPEATED_NOTE_S = 0.125
VIBRATO_HZ, VIBRATO_SEMITONES = 6.0, 0.5
LEGATO_NOTE_S = 0.3
LEGATO_NOTES = (69, 71, 72, 74, 76, 74, 72, 71)

Audio = npt.NDArray[np.floating]


def time_s(seconds: float) -> Audio:
    """The times of the samples, `[n_samples]`."""
    return np.arange(round(seconds * RATE)) / RATE


def midi_to_hz(midi: npt.ArrayLike) -> Audio:
    """Converts MIDI pitch to Hz."""
    return 440.0 * 2.0 ** ((np.asarray(midi, np.float64) - 69.0) / 12.0)


def steady(hz: float, seconds: float) -> Audio:
    """A pitch that stays, in Hz at every sample."""
    return np.full(round(seconds * RATE), hz)


def vibrato() -> Audio:
    """Two seconds of A4 that sways by half a semitone to both sides, six times a second."""
    return midi_to_hz(69.0 + VIBRATO_SEMITONES * np.sin(2 * np.pi * VIBRATO_HZ * time_s(2.0)))


def glide() -> Audio:
    """C4 slides to G5 in 1.4 s."""
    return midi_to_hz(np.interp(time_s(2.0), [0.3, 1.7], [60.0, 79.0]))


def portamento() -> Audio:
    """A4 slides to B4 in 1.6 s: a cent in 8 ms."""
    return midi_to_hz(np.interp(time_s(2.2), [0.3, 1.9], [69.0, 71.0]))


def legato() -> Audio:
    """Eight notes bound to each other: the pitch moves within 30 ms, the level stays."""
    notes = np.array(LEGATO_NOTES)
    times = np.repeat(LEGATO_NOTE_S * np.arange(1, len(notes)), 2)
    times[0::2] -= 0.015
    times[1::2] += 0.015
    f0_hz = midi_to_hz(
        np.interp(time_s(LEGATO_NOTE_S * len(notes)), times, np.repeat(notes, 2)[1:-1])
    )
    return with_soft_ends(voiced(f0_hz))


def breathy_swell() -> Audio:
    """A4 of 4 s out of breath alone and back into it: noise of -25 dBFS, a tone up to -17 dBFS."""
    swell = np.sin(np.pi * time_s(4.0) / 4.0) ** 2
    return voiced(steady(440.0, 4.0), 0.15) * swell + hiss(4.0, -25.0)


def voiced(f0_hz: Audio, amplitude: float = 0.2, n_harmonics: int = 12) -> Audio:
    """A bright tone: harmonics of amplitude 1 / k up to 7.5 kHz."""
    phase = 2 * np.pi * np.cumsum(f0_hz) / RATE
    audio = np.zeros(len(f0_hz))
    for k in range(1, n_harmonics + 1):
        audio += np.where(k * f0_hz < 7500.0, np.sin(k * phase) / k, 0.0)
    return amplitude * audio


def with_soft_ends(audio: Audio) -> Audio:
    """Fades the first and the last 10 ms."""
    from_end = np.minimum(np.arange(len(audio)), np.arange(len(audio))[::-1]) / (0.01 * RATE)
    return audio * np.minimum(1.0, from_end)


def hiss(seconds: float, level_db: float) -> Audio:
    """White noise of a level in dBFS (RMS)."""
    rng = np.random.default_rng(0)
    return rng.normal(size=round(seconds * RATE)) * 10 ** (level_db / 20)


def hum(seconds: float, level_db: float) -> Audio:
    """Mains hum: 50 Hz of a level in dBFS (peak), and four overtones."""
    t = time_s(seconds)
    tones = [np.sin(2 * np.pi * 50 * k * t) / k for k in range(1, 6)]
    return np.sum(tones, axis=0) * 10 ** (level_db / 20)


def melody(amplitude: float) -> Audio:
    """Three notes of 0.5 s, each followed by a pause of 0.4 s."""
    pause = np.zeros(round(PAUSE_S * RATE))
    notes = [
        np.concatenate([with_soft_ends(voiced(steady(hz, NOTE_S), amplitude)), pause])
        for hz in (330.0, 392.0, 440.0)
    ]
    return np.concatenate(notes)


def note_and_rest(seconds: float) -> Audio:
    """A note of a second, then digital silence."""
    note = with_soft_ends(voiced(steady(440.0, 1.0)))
    return np.concatenate([note, np.zeros(round(seconds * RATE))])


def fading_note() -> Audio:
    """A note of 3 s that fades by 70 dB."""
    note = voiced(steady(440.0, 3.0))
    return note * 10 ** (-np.linspace(0.0, 70.0, len(note)) / 20)


def cut_note() -> Audio:
    """A note whose beginning and end are missing, so that it starts and stops in mid-wave."""
    return voiced(steady(330.7, 1.5))[123:]


def whisper() -> Audio:
    """Eight whispered vowels in 3 s: noise through three formants, without a pitch."""
    noise = np.random.default_rng(1).normal(size=3 * RATE)
    bins_hz = np.fft.rfftfreq(len(noise), 1 / RATE)
    formants_hz = [(700, 1200, 2600), (300, 2200, 2900), (450, 900, 2500), (550, 1800, 2600)]
    length = len(noise) // 8
    audio = np.zeros(len(noise))
    for index in range(8):
        gains = [1 / (1 + ((bins_hz - hz) / 80) ** 2) for hz in formants_hz[index % 4]]
        vowel = np.fft.irfft(np.fft.rfft(noise) * np.sum(gains, axis=0), len(noise))
        part = slice(index * length, (index + 1) * length)
        audio[part] = vowel[part] * np.hanning(length)
    return 0.3 * audio / np.abs(audio).max()


def plucked(notes_hz: npt.ArrayLike, note_s: float) -> Audio:
    """Notes that begin within 4 ms and fade at once, one after the other."""
    t = time_s(note_s)
    envelope = np.minimum(1.0, t / 0.004) * np.exp(-np.maximum(t - 0.004, 0.0) / 0.06)
    envelope *= np.minimum(1.0, t[::-1] / 0.004)
    notes = [0.3 / 0.2 * voiced(steady(hz, note_s)) * envelope for hz in np.asarray(notes_hz)]
    return np.concatenate(notes)


def fast_scale(note_s: float = FAST_NOTE_S) -> Audio:
    """Two scales of twelve notes."""
    return plucked(midi_to_hz(np.tile([60, 62, 64, 65, 67, 69, 71, 72, 74, 76, 77, 79], 2)), note_s)


def staccato() -> Audio:
    """Four notes of 80 ms, each followed by silence until a second has passed."""
    short = with_soft_ends(voiced(steady(440.0, 0.08)))
    return np.tile(np.pad(short, (0, RATE - len(short))), 4)


def repeated_note() -> Audio:
    """A4 sixteen times in two seconds."""
    return plucked(np.full(16, 440.0), REPEATED_NOTE_S)


def recording(path: Path, start_s: float, end_s: float) -> Audio:
    """A part of a recording."""
    audio, rate = read_audio(path, sample_rate=RATE)
    return np.asarray(audio[round(start_s * rate) : round(end_s * rate)], np.float64)
