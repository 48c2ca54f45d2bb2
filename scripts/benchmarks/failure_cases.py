"""Measures what an instrument does with input that instruments like it fail on.

    python scripts/benchmarks/failure_cases.py --docs docs/quality.md   measure, write the table
    python scripts/benchmarks/failure_cases.py --only live              those with "live" in it

The same cases are tests: tests/inference/test_failure_cases.py.
"""

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import failure_inputs as inputs
import failure_measures as measures
import numpy as np
from failure_inputs import RATE, Audio
from failure_players import FailurePlayers
from report import replace_block

from ddsp_tf.audio.peak_limiter import PeakLimiter
from ddsp_tf.files import write_text

DATA = Path(os.environ.get("DDSP_TF_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))

BEGIN = "<!-- failure cases: written by scripts/benchmarks/failure_cases.py -->"
END = "<!-- end of the failure cases -->"


@dataclass(frozen=True)
class FailureCase:
    """One thing that must not happen.

    Attributes:
        name: What must not happen, or must stay.
        about: The input.
        measure: What is measured of the output.
        unit: Of the figure and the limit.
        limit: The most that the figure may be, or the least.
        measured: Plays the input and gives the figure.
        is_least: Whether the limit is the least.
        slow: Whether it is left to the slow tests, as the room and live sound are.
    """

    name: str
    about: str
    measure: str
    unit: str
    limit: float
    measured: Callable[[FailurePlayers], float]
    is_least: bool = False
    slow: bool = False

    def holds(self, figure: float) -> bool:
        """Whether a figure is within the limit."""
        return figure >= self.limit if self.is_least else figure <= self.limit

    def row(self, figure: float) -> str:
        """The case as a row of a Markdown table."""
        sign = "≥" if self.is_least else "≤"
        return (
            f"| {self.name} | {self.about} | {self.measure} | {figure:.3g} {self.unit}".rstrip()
            + f" | {sign} {self.limit:g} {self.unit}".rstrip()
            + " |"
        )


def _pauses(audio: Audio) -> Audio:
    """The pauses of `inputs.melody`, from 100 ms after a note to 40 ms before the next."""
    length = inputs.NOTE_S + inputs.PAUSE_S
    starts = length * np.arange(3) + inputs.NOTE_S
    parts = [audio[round((s + 0.1) * RATE) : round((s + 0.36) * RATE)] for s in starts]
    return np.concatenate(parts)


def _hiss(players: FailurePlayers) -> float:
    return measures.peak_db(players.transfer(inputs.hiss(3.0, -55.0)).audio)


def _hiss_live(players: FailurePlayers) -> float:
    return measures.peak_db(players.live(inputs.hiss(3.0, -55.0)))


def _quiet_melody(players: FailurePlayers) -> float:
    quiet = inputs.melody(0.003)
    quiet += inputs.hiss(len(quiet) / RATE, -78.0)
    return measures.peak_db(_pauses(players.transfer(quiet).audio))


def _hum_and_melody() -> Audio:
    audio = inputs.melody(0.2)
    return audio + inputs.hum(len(audio) / RATE, -55.0)


def _hum(players: FailurePlayers) -> float:
    return measures.peak_db(_pauses(players.transfer(_hum_and_melody()).audio))


def _hum_live(players: FailurePlayers) -> float:
    return measures.peak_db(_pauses(players.live(_hum_and_melody())))


def _fade(players: FailurePlayers) -> float:
    return measures.largest_rise_db(players.transfer(inputs.fading_note()).audio)


def _fade_ungated(players: FailurePlayers) -> float:
    ungated = players.transfer(inputs.fading_note(), gate_unvoiced=False, note_threshold=0.0)
    return measures.largest_rise_db(ungated.audio)


def _whisper(players: FailurePlayers) -> float:
    return measures.peak_db(players.transfer(inputs.whisper()).audio)


def _whisper_live(players: FailurePlayers) -> float:
    audio = players.live(inputs.whisper())
    return 100 * float(np.mean(measures.levels_db(audio, 0.01) > -60.0))


def _speech(players: FailurePlayers) -> float:
    spoken = inputs.recording(DATA / "speech" / "sms_speech_female.flac", 0.0, 4.0)
    result = players.transfer(spoken)
    n_jumps = measures.audible_jumps(result.audio, result.controls.f0_hz, RATE // 250)
    return n_jumps / result.report.seconds


def _breath(players: FailurePlayers) -> float:
    sung = inputs.recording(DATA / "phrases" / "voice_vocadito_1.flac", 0.0, 4.0)
    result = players.transfer(sung)
    n_jumps = measures.audible_jumps(result.audio, result.controls.f0_hz, RATE // 250)
    return n_jumps / result.report.seconds


_BREATHY_HZ = inputs.steady(220.0, 2.0)


def _breathy_tone() -> Audio:
    tone = inputs.with_soft_ends(inputs.voiced(_BREATHY_HZ, 0.1))
    return tone + inputs.hiss(2.0, -21.0)


def _offline_errors(players: FailurePlayers, audio: Audio, f0_hz: Audio) -> Audio:
    result = players.transfer(audio)
    return measures.pitch_errors_cents(result.audio, f0_hz * 2.0**result.report.octaves)


def _breathy(players: FailurePlayers) -> float:
    errors = _offline_errors(players, _breathy_tone(), _BREATHY_HZ)
    return float(np.quantile(np.abs(errors), 0.99))


def _breathy_live(players: FailurePlayers) -> float:
    errors = measures.pitch_errors_cents(players.live(_breathy_tone()), _BREATHY_HZ)
    return float(np.quantile(np.abs(errors), 0.99))


def _root_mean_square(values: Audio) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _vibrato(players: FailurePlayers) -> float:
    f0_hz = inputs.vibrato()
    tone = inputs.with_soft_ends(inputs.voiced(f0_hz))
    return _root_mean_square(_offline_errors(players, tone, f0_hz))


def _vibrato_live(players: FailurePlayers) -> float:
    f0_hz = inputs.vibrato()
    played = players.live(inputs.with_soft_ends(inputs.voiced(f0_hz)))
    return _root_mean_square(measures.pitch_errors_cents(played, f0_hz))


def _glide(players: FailurePlayers) -> float:
    f0_hz = inputs.glide()
    tone = inputs.with_soft_ends(inputs.voiced(f0_hz))
    return float(np.max(np.abs(_offline_errors(players, tone, f0_hz))))


def _vibrato_depth(players: FailurePlayers) -> float:
    f0_hz = inputs.vibrato()
    errors = _offline_errors(players, inputs.with_soft_ends(inputs.voiced(f0_hz)), f0_hz)
    n_left_out = (len(f0_hz) - len(errors)) // 2
    played = 1200 * np.log2(f0_hz[n_left_out : n_left_out + len(errors)]) + errors
    depth = measures.swing(played, inputs.VIBRATO_HZ) / (100 * inputs.VIBRATO_SEMITONES)
    return 100 * abs(depth - 1.0)


def _portamento(players: FailurePlayers) -> float:
    f0_hz = inputs.portamento()
    errors = _offline_errors(players, inputs.with_soft_ends(inputs.voiced(f0_hz)), f0_hz)
    hop = RATE // 50
    return float(np.max(np.abs(errors[hop:] - errors[:-hop])))


def _legato(players: FailurePlayers) -> float:
    given = inputs.legato()
    notes = inputs.LEGATO_NOTE_S, len(inputs.LEGATO_NOTES)
    dips = [
        measures.largest_dip_db(audio, *notes) for audio in (players.transfer(given).audio, given)
    ]
    return dips[0] - dips[1]


def _breathy_swell(players: FailurePlayers) -> float:
    result = players.transfer(inputs.breathy_swell())
    n_jumps = measures.audible_jumps(result.audio, result.controls.f0_hz, RATE // 250)
    return n_jumps / result.report.seconds


def _staccato(players: FailurePlayers) -> float:
    audio = players.transfer(inputs.staccato(), reverb=True).audio
    return max(
        measures.steepest_fall_db(audio[start : start + RATE], 0.1)
        for start in range(0, 4 * RATE, RATE)
    )


def _semiquavers(players: FailurePlayers) -> float:
    audio = players.transfer(inputs.fast_scale(inputs.SEMIQUAVER_S)).audio
    return float(np.median(measures.onset_rises_db(audio, inputs.SEMIQUAVER_S, 24)))


def _fast(players: FailurePlayers) -> float:
    audio = players.transfer(inputs.fast_scale()).audio
    return float(measures.onset_rises_db(audio, inputs.FAST_NOTE_S, 24).min())


def _fast_live(players: FailurePlayers) -> float:
    audio = players.live(inputs.fast_scale())
    return float(measures.onset_rises_db(audio, inputs.FAST_NOTE_S, 24).min())


def _repeated(players: FailurePlayers) -> float:
    audio = players.transfer(inputs.repeated_note()).audio
    return float(measures.onset_rises_db(audio, inputs.REPEATED_NOTE_S, 16).min())


def _allegro(players: FailurePlayers) -> float:
    path = DATA / "instruments" / "violin" / "minjikim_bwv1003_4_allegro_part1.flac"
    given = inputs.recording(path, 10.0, 13.0)
    played = players.transfer(given).audio
    tracks = [measures.levels_db(audio, 0.01)[:: RATE // 250] for audio in (given, played)]
    return measures.correlation(*tracks)


def _low_flutter(players: FailurePlayers) -> float:
    low = inputs.with_soft_ends(inputs.voiced(inputs.steady(41.2, 2.0), n_harmonics=40))
    loudness = players.transfer(low).controls.loudness_db
    return float(np.std(loudness[len(loudness) // 4 : -len(loudness) // 4]))


def _played_loudness_db(play: Callable[[Audio], Audio], hz: float) -> float:
    tone = inputs.with_soft_ends(inputs.voiced(inputs.steady(hz, 2.0), n_harmonics=40))
    tone *= 10 ** ((-25.0 - measures.loudness_db(tone)) / 20)
    return measures.loudness_db(play(tone))


def _most_out_of_range_db(play: Callable[[Audio], Audio]) -> float:
    inside = _played_loudness_db(play, 440.0)
    outside = [_played_loudness_db(play, hz) for hz in (49.0, 98.0, 1865.0)]
    return max(abs(loudness - inside) for loudness in outside)


def _out_of_range(players: FailurePlayers) -> float:
    return _most_out_of_range_db(
        lambda tone: players.transfer(tone, octave=0, match_loudness=False).audio
    )


def _out_of_range_live(players: FailurePlayers) -> float:
    return _most_out_of_range_db(players.live)


def _above_hearing(players: FailurePlayers) -> float:
    high = inputs.with_soft_ends(inputs.voiced(inputs.steady(2637.0, 2.0)))
    return measures.peak_db(players.transfer(high).audio)


def _silence(players: FailurePlayers) -> float:
    audio = players.transfer(inputs.note_and_rest(4.0), reverb=True).audio
    return measures.peak_db(audio[round(2.5 * RATE) :])


def _silence_live(players: FailurePlayers) -> float:
    return measures.peak_db(players.live(inputs.note_and_rest(4.0))[2 * RATE :])


def _edges(players: FailurePlayers) -> float:
    return measures.edge_db(players.transfer(inputs.cut_note()).audio)


def _edges_live(players: FailurePlayers) -> float:
    return measures.edge_db(players.live(inputs.cut_note(), gate_unvoiced=False))


def _edges_in_room(players: FailurePlayers) -> float:
    return measures.edge_db(players.transfer(inputs.cut_note(), reverb=True).audio)


def _trumpet() -> Audio:
    return inputs.recording(DATA / "phrases" / "trumpet_jazz_phrase.flac", 0.0, 3.0)


def _loud_peak(players: FailurePlayers, *, limiter: bool) -> float:
    loud = players.transfer(_trumpet(), reverb=True, limiter=limiter, loudness_db=20.0)
    return measures.peak_db(loud.audio)


def _loud_peak_live(players: FailurePlayers) -> float:
    loud = players.live(_trumpet(), reverb=True, limiter=True, loudness_db=20.0)
    return measures.peak_db(loud)


def _limiter_distortion(players: FailurePlayers) -> float:
    del players
    tone = 3.0 * np.sin(2 * np.pi * 196.0 * inputs.time_s(2.0))
    limited = np.concatenate(list(PeakLimiter(RATE).limit([tone])))
    return measures.distortion_db(limited[RATE // 2 : -RATE // 2], 196.0)


_PEAK = "highest sample"
_IN_PAUSES = "highest sample in the pauses"
_ERROR_99 = "error of the pitch, 99th percentile"
_JUMPS = "audible jumps of the pitch"
_ATTACK = "least rise of the level at a note"

CASES = (
    FailureCase("quiet room", "hiss of -55 dBFS, 3 s", _PEAK, "dBFS", -70, _hiss),
    FailureCase("quiet room, live", "the same", _PEAK, "dBFS", -70, _hiss_live, slow=True),
    FailureCase(
        "quiet melody",
        "three notes of -50 dBFS in hiss of -78 dBFS",
        _IN_PAUSES,
        "dBFS",
        -70,
        _quiet_melody,
    ),
    FailureCase(
        "mains hum",
        "three notes, hum of -55 dBFS in the pauses",
        _IN_PAUSES,
        "dBFS",
        -70,
        _hum,
        slow=True,
    ),
    FailureCase("mains hum, live", "the same", _IN_PAUSES, "dBFS", -70, _hum_live, slow=True),
    FailureCase(
        "note that fades",
        "A4 fading by 70 dB in 3 s",
        "largest rise of the level",
        "dB",
        1,
        _fade,
    ),
    FailureCase(
        "note that fades, nothing gated",
        "the same",
        "largest rise of the level",
        "dB",
        3,
        _fade_ungated,
        slow=True,
    ),
    FailureCase("whisper", "eight vowels of noise, 3 s", _PEAK, "dBFS", -70, _whisper),
    FailureCase(
        "whisper, live",
        "the same",
        "time above -60 dBFS",
        "%",
        10,
        _whisper_live,
        slow=True,
    ),
    FailureCase("speech", "a woman speaking, 4 s", _JUMPS, "a second", 1, _speech),
    FailureCase("breath", "a singer who breathes, 4 s", _JUMPS, "a second", 1, _breath, slow=True),
    FailureCase("breathy tone", "A3 in as much noise (0 dB)", _ERROR_99, "cents", 25, _breathy),
    FailureCase("breathy tone, live", "the same", _ERROR_99, "cents", 35, _breathy_live, slow=True),
    FailureCase(
        "vibrato",
        "A4 by half a semitone, 6 Hz",
        "error of the pitch, RMS",
        "cents",
        15,
        _vibrato,
    ),
    FailureCase(
        "vibrato, live",
        "the same",
        "error of the pitch, RMS",
        "cents",
        20,
        _vibrato_live,
        slow=True,
    ),
    FailureCase("vibrato, depth", "the same", "kept depth, off by", "%", 10, _vibrato_depth),
    FailureCase(
        "portamento",
        "A4 to B4 in 1.6 s",
        "step of the pitch in 20 ms beyond the slide's, largest",
        "cents",
        5,
        _portamento,
    ),
    FailureCase(
        "legato",
        "eight bound notes",
        "dip of the level at a change, beyond the input's, largest",
        "dB",
        1,
        _legato,
    ),
    FailureCase("breathy swell", "A4 out of noise and back", _JUMPS, "a second", 0, _breathy_swell),
    FailureCase(
        "staccato, in the room",
        "notes of 80 ms",
        "fall of the level in 10 ms after the note, largest",
        "dB",
        9,
        _staccato,
    ),
    FailureCase(
        "semiquavers",
        "sixteen notes a second",
        "rise of the level at a note, median",
        "dB",
        18.9,
        _semiquavers,
        is_least=True,
    ),
    FailureCase("glide", "C4 to G5 in 1.4 s", "error of the pitch, largest", "cents", 25, _glide),
    FailureCase("fast notes", "ten a second, each fading", _ATTACK, "dB", 10, _fast, is_least=True),
    FailureCase(
        "fast notes, live", "the same", _ATTACK, "dB", 8, _fast_live, is_least=True, slow=True
    ),
    FailureCase(
        "repeated notes", "A4 eight times a second", _ATTACK, "dB", 12, _repeated, is_least=True
    ),
    FailureCase(
        "violin, allegro",
        "BWV 1003, 3 s",
        "correlation of the levels of 10 ms",
        "",
        0.7,
        _allegro,
        is_least=True,
        slow=True,
    ),
    FailureCase(
        "low note",
        "E1, played octaves higher",
        "standard deviation of the loudness asked for",
        "dB",
        2,
        _low_flutter,
    ),
    FailureCase(
        "out of range",
        "G1, G2 and A#6 as they are",
        "loudness against that of A4, largest difference",
        "dB",
        15,
        _out_of_range,
        slow=True,
    ),
    FailureCase(
        "out of range, live",
        "the same",
        "loudness against that of A4, largest difference",
        "dB",
        15,
        _out_of_range_live,
        slow=True,
    ),
    FailureCase("above the tracker", "E7", _PEAK, "dBFS", -70, _above_hearing, slow=True),
    FailureCase(
        "long silence",
        "a note, then 4 s of silence",
        "highest sample from 1.5 s after it",
        "dBFS",
        -70,
        _silence,
        slow=True,
    ),
    FailureCase(
        "long silence, live",
        "the same, without the room",
        "highest sample from 1 s after it",
        "dBFS",
        -70,
        _silence_live,
        slow=True,
    ),
    FailureCase("clicks", "a note cut at both ends", "first or last sample", "dBFS", -70, _edges),
    FailureCase(
        "clicks, in the room",
        "the same",
        "first or last sample",
        "dBFS",
        -70,
        _edges_in_room,
        slow=True,
    ),
    FailureCase(
        "clicks, live",
        "the same, nothing gated",
        "first or last sample",
        "dBFS",
        -70,
        _edges_live,
        slow=True,
    ),
    FailureCase(
        "clipping",
        "a trumpet, played 20 dB louder",
        _PEAK,
        "dBFS",
        0,
        lambda players: _loud_peak(players, limiter=False),
        slow=True,
    ),
    FailureCase(
        "clipping, limiter",
        "the same",
        _PEAK,
        "dBFS",
        -0.999,
        lambda players: _loud_peak(players, limiter=True),
        slow=True,
    ),
    FailureCase(
        "clipping, limiter, live",
        "the same",
        _PEAK,
        "dBFS",
        -0.999,
        _loud_peak_live,
        slow=True,
    ),
    FailureCase(
        "limiter",
        "G3, 10.5 dB too loud",
        "harmonics and all else but G3",
        "dB",
        -60,
        _limiter_distortion,
    ),
)


def main() -> int:
    """Prints the table, and fails if a limit is missed."""
    parser = argparse.ArgumentParser(description="Measure what instruments fail on.")
    parser.add_argument("--instrument", default="violin", help="Name or folder; default: violin.")
    parser.add_argument("--only", default="", help="A part of the names of the cases to measure.")
    parser.add_argument("--docs", type=Path, help="A page to write the table of all cases into.")
    options = parser.parse_args()
    if options.docs and options.only:
        parser.error("--docs takes the table of all cases, so leave out --only.")
    players = FailurePlayers(options.instrument)
    chosen = [case for case in CASES if options.only in case.name]
    missed, rows = [], ["| case | input | measure | figure | limit |", "|---|---|---|---|---|"]
    print("\n".join(rows))
    for case in chosen:
        figure = case.measured(players)
        rows.append(case.row(figure))
        print(rows[-1], flush=True)
        if not case.holds(figure):
            missed.append(case.name)
    if options.docs:
        page = options.docs.read_text(encoding="utf-8")
        write_text(
            options.docs, replace_block(page, "\n".join(rows), begin=BEGIN, end=END), overwrite=True
        )
    if missed:
        print(f"\nMissed: {', '.join(missed)}.")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
