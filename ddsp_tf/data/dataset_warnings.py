"""What may keep a model from sounding good, in plain words, with what to record instead."""

from collections.abc import Callable, Mapping
from typing import Any

from ddsp_tf.note_names import note_name

Numbers = Mapping[str, Any]

_LITTLE_SOUND_S = 300.0
_TOO_LITTLE_SOUND_S = 60.0
_LITTLE_VOICED = 0.6
_MANY_NOTES = 0.1
_MANY_OCTAVES = 0.05
_MUCH_BEYOND = 0.05
_MUCH_CLIPPING = 1e-4
_MUCH_SILENCE = 0.4
_QUIET_DB = -40.0
_LEVEL_SPREAD_DB = 15.0
_SMALL_PITCH_RANGE = 7.0
_SMALL_LOUDNESS_RANGE_DB = 8.0
_SHORT_NOTE_S = 1.0
_MANY_SHORT_NOTES = 3
_MOST_LISTED = 8


def find_warnings(numbers: Numbers) -> list[str]:
    """Judges a dataset by its numbers.

    Args:
        numbers: From `summarise`, with `n_failed`, `eval_fraction` and `has_notes`. What is
            missing in them isn't judged.

    Returns:
        One sentence or two for each trouble; empty when all is well.
    """
    found = (check(numbers) for check in _CHECKS)
    return [warning for warning in found if warning is not None]


def _amount(numbers: Numbers) -> str | None:
    seconds = numbers["train_seconds"]
    if seconds >= _LITTLE_SOUND_S:
        return None
    verdict = "too little for a model" if seconds < _TOO_LITTLE_SOUND_S else "little"
    wanted = (
        "Record 10 to 20 minutes: melodies, scales and long notes over the whole range, soft and "
        "loud."
        if "pitch_low_midi" in numbers
        else "Add more of what it is to learn, in all the ways in which it sounds."
    )
    return f"Only {seconds / 60:.1f} min of sound to train on is {verdict}. {wanted}"


def _voicing(numbers: Numbers) -> str | None:
    if not _has_notes(numbers):
        return None
    if numbers.get("voiced_share", 1.0) >= _LITTLE_VOICED:
        return None
    return (
        f"Only {_percent(numbers['voiced_share'])} of the sound has a clear pitch. The model "
        "plays pitched notes: record one melodic instrument, close to the microphone, without "
        "accompaniment or noise."
    )


def _polyphony(numbers: Numbers) -> str | None:
    if numbers.get("polyphonic_share", 0.0) <= _MANY_NOTES:
        return None
    return (
        f"In {_percent(numbers['polyphonic_share'])} of the pitched sound one pitch doesn't "
        "explain what is heard: chords, double stops, accompaniment, strong reverberation, or "
        "a misjudged pitch. The model plays one note at a time: leave such passages out."
    )


def _octaves(numbers: Numbers) -> str | None:
    if numbers.get("octave_share", 0.0) <= _MANY_OCTAVES:
        return None
    return (
        f"In {_percent(numbers['octave_share'])} of the pitched sound the pitch found is probably "
        "an octave too high, or another harmonic. Prepare again with a network that hears better: "
        "--f0-tracker crepe-full --overwrite (after pip install 'ddsp-tf[crepe-full]')."
    )


def _pitch_limits(numbers: Numbers) -> str | None:
    above, below = numbers.get("above_share", 0.0), numbers.get("below_share", 0.0)
    if max(above, below) <= _MUCH_BEYOND:
        return None
    share, limit = (above, "above 2,005 Hz") if above >= below else (below, "below 32 Hz")
    return (
        f"{_percent(share)} of the sound has a pitch {limit}. The trackers hear 32 to 2,005 Hz, so "
        "these notes are learnt as sound without pitch: leave them out."
    )


def _clipping(numbers: Numbers) -> str | None:
    if numbers["clipped_share"] <= _MUCH_CLIPPING:
        return None
    return (
        f"{_percent(numbers['clipped_share'])} of the samples are clipped: they were too loud to "
        "be recorded, and the model learns the crackle as a part of the sound. Turn the gain down "
        "until peaks are around -6 dBFS."
    )


def _silence(numbers: Numbers) -> str | None:
    if numbers["silent_share"] <= _MUCH_SILENCE:
        return None
    return (
        f"{_percent(numbers['silent_share'])} of the recordings is silence. Long silences are cut "
        "out; play more of the time, or set aside the files that hold little."
    )


def _level(numbers: Numbers) -> str | None:
    if numbers["loud_db"] >= _QUIET_DB:
        return None
    return (
        f"The recordings are quiet: their loud passages are at {numbers['loud_db']:.0f} dBFS. "
        "Noise will be learnt along. Go closer, or turn the gain up until peaks are around "
        "-6 dBFS."
    )


def _evenness(numbers: Numbers) -> str | None:
    if numbers["loud_spread_db"] <= _LEVEL_SPREAD_DB:
        return None
    return (
        f"The files' levels differ by {numbers['loud_spread_db']:.0f} dB. Record all of them with "
        "the same gain and distance: the model learns the tone of soft and of loud notes by "
        "their level."
    )


def _notes(numbers: Numbers) -> str | None:
    if _has_notes(numbers):
        return None
    return (
        "No recording holds a note: all is noisy, or without a clear pitch. There are no "
        "statistics of notes, and no model of a melody instrument can learn from it. For sound "
        "effects name the columns that their model hears: --columns "
        "loudness_db,spectral_centroid_hz"
    )


def _pitch_range(numbers: Numbers) -> str | None:
    if "pitch_low_midi" not in numbers or not _has_notes(numbers):
        return None
    if numbers["pitch_low_midi"] is None:
        return "No pitch was found at all. Record a melodic instrument."
    semitones = numbers["pitch_high_midi"] - numbers["pitch_low_midi"]
    if semitones >= _SMALL_PITCH_RANGE:
        return None
    return (
        f"The pitch range is only {semitones:.0f} semitones; other notes will sound wrong. "
        "Record scales over the whole range of the instrument."
    )


def _holes(numbers: Numbers) -> str | None:
    if numbers.get("pitch_low_midi") is None or numbers["train_seconds"] < _TOO_LITTLE_SOUND_S:
        return None
    seconds = (numbers["train_seconds"] + numbers["eval_seconds"]) * numbers["voiced_share"]
    low, high = round(numbers["pitch_low_midi"]), round(numbers["pitch_high_midi"])
    played = numbers["f0_histogram"]
    short = [n for n in range(low, high + 1) if seconds * played.get(str(n), 0.0) < _SHORT_NOTE_S]
    if len(short) < _MANY_SHORT_NOTES:
        return None
    listed = ", ".join(map(note_name, short[:_MOST_LISTED]))
    more = f" and {len(short) - _MOST_LISTED} more" if len(short) > _MOST_LISTED else ""
    return (
        f"Between {note_name(low)} and {note_name(high)} some notes are hardly played, for less "
        f"than a second each: {listed}{more}. The instrument has to guess them. Add a slow scale "
        "of all semitones up and down, softly and loudly."
    )


def _loudness_range(numbers: Numbers) -> str | None:
    if numbers.get("loudness_low_db") is None or "voiced_share" not in numbers:
        return None
    decibels = numbers["loudness_high_db"] - numbers["loudness_low_db"]
    if decibels >= _SMALL_LOUDNESS_RANGE_DB:
        return None
    return (
        f"Loudness varies by {decibels:.0f} dB only, so the model can't learn how soft and loud "
        "notes differ. Play everything twice, softly and loudly, and switch off automatic gain."
    )


def _bandwidth(numbers: Numbers) -> str | None:
    if numbers["lowest_sample_rate"] >= numbers["sample_rate"]:
        return None
    return (
        f"Some files have a sample rate of {numbers['lowest_sample_rate']} Hz, below the dataset's "
        f"{numbers['sample_rate']} Hz: nothing above {numbers['lowest_sample_rate'] // 2} Hz can "
        "be learnt from them. Use the original recordings."
    )


def _evaluation(numbers: Numbers) -> str | None:
    if numbers["eval_seconds"] > 0 or numbers["eval_fraction"] == 0:
        return None
    return (
        "Nothing could be held out, so training can't tell when the model gets worse. Record a "
        "few more takes of a minute each."
    )


def _failures(numbers: Numbers) -> str | None:
    if numbers["n_failed"] == 0:
        return None
    return f"{numbers['n_failed']} of the files could not be used; the list above says why."


def _has_notes(numbers: Numbers) -> bool:
    """Whether there are notes, where pitch was asked for."""
    return bool(numbers.get("has_notes", True))


def _percent(share: float) -> str:
    percent = 100.0 * share
    return f"{percent:.0f} %" if percent >= 1 else f"{percent:.2g} %"


_CHECKS: tuple[Callable[[Numbers], str | None], ...] = (
    _failures,
    _amount,
    _evaluation,
    _notes,
    _voicing,
    _pitch_limits,
    _pitch_range,
    _holes,
    _polyphony,
    _octaves,
    _clipping,
    _level,
    _evenness,
    _loudness_range,
    _silence,
    _bandwidth,
)
