"""Pairs of sounds: before an effect, and after it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from ddsp_tf.audio.audio_files import (
    audio_info,
    check_usable,
    find_audio_files,
    native_blocks,
    read_audio,
)
from ddsp_tf.data.analysis import (
    as_stored,
    find_segments,
    full_scale_gain_db,
    read_channels,
    source_of,
    with_gain,
)
from ddsp_tf.data.prepare_settings import PrepareSettings
from ddsp_tf.data.quality import ClippingCounter, measure_recording
from ddsp_tf.data.recording import Recording
from ddsp_tf.data.sources.delay import UNSURE, Delay, measure_delay, moved_earlier
from ddsp_tf.data.sources.example import Example, Found
from ddsp_tf.data.sources.sound_columns import sound_column
from ddsp_tf.errors import AudioFileError, DatasetError
from ddsp_tf.features import (
    DEFAULT_COLUMNS,
    Column,
    Features,
    columns_of,
    extract_features,
)

FOLDERS = ("dry", "wet")

_LONGEST_TAIL_S = 20.0
_SHORTEST_SHARE = 0.5
_NEARLY_S = 0.05


class Pairs:
    """The columns `dry`, a sound, and `audio`, what an effect made of it.

    The files of the folders `dry` and `wet` belong together when they have the same name, whatever
    their suffix. A wet sound may be longer, by the tail of a reverberation; silence follows the dry
    one then. Features are those of the dry sound, which is what an effect hears; there are none
    unless `FeatureSettings.columns` names others than its default.
    """

    name = "pairs"

    def adapted(self, settings: PrepareSettings) -> PrepareSettings:
        """Without features, unless some were chosen."""
        if settings.features.columns != DEFAULT_COLUMNS:
            return settings
        return replace(settings, features=replace(settings.features, columns=()))

    def holds(self, paths: list[Path]) -> bool:
        """One folder with the folders `dry` and `wet`."""
        return len(paths) == 1 and all((paths[0] / folder).is_dir() for folder in FOLDERS)

    def find(self, paths: list[Path]) -> Found:
        """The files that have a counterpart.

        Raises:
            DatasetError: The folders are missing or empty, or no file has a counterpart.
        """
        if not self.holds(paths):
            raise DatasetError(
                "Pairs of sounds are one folder that holds the folders `dry` and `wet`, with files "
                f"of the same names. Got {', '.join(f'`{path}`' for path in paths)}."
            )
        dry, wet = (_by_stem(paths[0] / folder) for folder in FOLDERS)
        examples, failed = {}, {}
        for stem in sorted(set(dry) | set(wet)):
            problem = _mismatch(stem, dry, wet)
            if problem is not None:
                failed[stem] = problem
            else:
                examples[stem] = Example(stem, {"audio": wet[stem][0], "dry": dry[stem][0]})
        if not examples:
            raise DatasetError("\n".join(["No two files belong together:", *failed.values()]))
        return Found(examples, failed)

    def columns(
        self, n_channels: Mapping[str, int], settings: PrepareSettings
    ) -> dict[str, Column]:
        """Both sounds, and the features of the dry one."""
        return {
            "audio": sound_column("audio", n_channels, settings),
            "dry": sound_column("dry", n_channels, settings),
            **columns_of(settings.features),
        }

    def analyse(
        self,
        example: Example,
        settings: PrepareSettings,
        columns: Mapping[str, Column],
        *,
        progress: Callable[[float], None] | None = None,
    ) -> Recording:
        """Reads both, measures the delay between them, and takes it out when that is asked for.

        Raises:
            AudioFileError: A file is unusable, or their lengths can't belong together.
        """
        rate, hop_length = settings.features.sample_rate, settings.features.hop_length
        wet, of_wet = _read(example.audio, columns["audio"].width, settings)
        dry, of_dry = _read(example.files["dry"], columns["dry"].width, settings)
        _check_lengths(example, len(dry) / rate, len(wet) / rate)
        missing_s = (len(dry) - len(wet)) / rate
        n_samples = -(-len(wet) // hop_length) * hop_length
        wet, dry = _fitted(wet, n_samples), _fitted(dry, n_samples)
        check_usable(wet, n_samples=hop_length, name=example.audio)
        delay = measure_delay(dry.mean(axis=1), wet.mean(axis=1), rate)
        if settings.compensate_delay and delay.likeness >= UNSURE:
            wet = moved_earlier(wet, delay.samples)
        # One gain for both: an effect may depend on the level.
        gain_db = min(full_scale_gain_db(sound, settings) for sound in (dry, wet))
        wet, dry = with_gain(wet, gain_db), with_gain(dry, gain_db)
        mono = dry.mean(axis=1)
        features = extract_features(mono, settings.features, progress=progress)
        sounding = np.sqrt(np.square(mono) + np.square(wet.mean(axis=1)))
        return Recording(
            n_frames=n_samples // hop_length,
            features=features,
            segments=find_segments(sounding, settings, name=example.audio),
            measures=_measures(example, wet, missing_s, delay, settings),
            source={
                **source_of(audio_info(example.audio), gain_db),
                "remarks": [*of_wet, *(f"(its dry sound) {remark}" for remark in of_dry)],
                "dry_sample_rate": audio_info(example.files["dry"]).sample_rate,
            },
            samples={
                "audio": as_stored(_flat(wet), settings),
                "dry": as_stored(_flat(dry), settings),
            },
        )

    def remarks(
        self, recordings: Mapping[str, Recording], settings: PrepareSettings
    ) -> tuple[str, ...]:
        """About delays, rates and lengths that differ."""
        found = (
            _delay_remark(recordings, settings),
            _unsure_remark(recordings),
            _rate_remark(recordings),
            _length_remark(recordings),
        )
        return tuple(remark for remark in found if remark is not None)


def _by_stem(folder: Path) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in find_audio_files(folder):
        found.setdefault(path.relative_to(folder).with_suffix("").as_posix(), []).append(path)
    return found


def _mismatch(
    stem: str, dry: Mapping[str, list[Path]], wet: Mapping[str, list[Path]]
) -> str | None:
    for folder, files in zip(FOLDERS, (dry, wet), strict=True):
        if stem not in files:
            return f"`{stem}` has no counterpart in the folder `{folder}`."
        if len(files[stem]) > 1:
            names = ", ".join(f"`{path.name}`" for path in files[stem])
            return f"`{stem}` is there several times in the folder `{folder}`: {names}. Keep one."
    return None


def _read(
    path: Path, n_channels: int, settings: PrepareSettings
) -> tuple[np.ndarray, tuple[str, ...]]:
    """`[n_samples, n_channels]`, a mixdown for one channel, and what is remarkable about it.

    Offsets stay: what is learned is how one sound follows from the other.
    """
    remarks = audio_info(path).remarks
    if n_channels == 1:
        audio, _ = read_audio(path, sample_rate=settings.features.sample_rate)
        return audio[:, np.newaxis], remarks
    return read_channels(path, n_channels, None, settings, keep_offset=True), remarks


def _check_lengths(example: Example, dry_s: float, wet_s: float) -> None:
    if wet_s < _SHORTEST_SHARE * dry_s or wet_s > dry_s + _LONGEST_TAIL_S:
        raise AudioFileError(
            f"`{example.files['dry']}` lasts {dry_s:.2f} s and `{example.audio}` {wet_s:.2f} s: "
            "they can't be the same sound without and with an effect. Export both from the same "
            "start to the same end."
        )


def _fitted(sound: np.ndarray, n_samples: int) -> np.ndarray:
    return np.pad(sound, ((0, max(n_samples - len(sound), 0)), (0, 0)))[:n_samples]


def _flat(sound: np.ndarray) -> np.ndarray:
    return sound[:, 0] if sound.shape[1] == 1 else sound


def _measures(
    example: Example,
    wet: np.ndarray,
    missing_s: float,
    delay: Delay,
    settings: PrepareSettings,
) -> dict[str, float]:
    clipped = [_clipped_share(path) for path in example.files.values()]
    measures = measure_recording(
        wet.mean(axis=1),
        Features(),
        sample_rate=settings.features.sample_rate,
        hop_length=settings.features.hop_length,
        silence_below_db=settings.silence_below_db,
        silence_floor_db=settings.silence_floor_db,
    )
    return {
        **measures,
        "clipped_share": sum(clipped) / len(clipped),
        "delay_ms": 1000.0 * delay.samples / settings.features.sample_rate,
        "likeness": delay.likeness,
        "missing_s": missing_s,
    }


def _clipped_share(path: Path) -> float:
    clipping = ClippingCounter()
    for block in native_blocks(path):
        clipping.add(block)
    return clipping.flat_share if audio_info(path).is_float else clipping.share


def _delay_remark(recordings: Mapping[str, Recording], settings: PrepareSettings) -> str | None:
    sure = [r.measures for r in recordings.values() if r.measures["likeness"] >= UNSURE]
    delays = [measures["delay_ms"] for measures in sure if measures["delay_ms"] != 0.0]
    if not delays:
        return None
    least, most = (f"{delay:+.2f} ms" for delay in (min(delays), max(delays)))
    said = least if least == most else f"{least} to {most}"
    done = (
        "It was taken out."
        if settings.compensate_delay
        else "A model learns it as part of the effect; PrepareSettings.compensate_delay=True takes "
        "it out."
    )
    return (
        f"In {len(delays)} of {len(recordings)} pairs the wet sound isn't in time with the dry "
        f"one: it is {said} late. {done}"
    )


def _unsure_remark(recordings: Mapping[str, Recording]) -> str | None:
    unsure = [name for name, r in recordings.items() if r.measures["likeness"] < UNSURE]
    if not unsure:
        return None
    listed = ", ".join(f"`{name}`" for name in unsure[:8])
    return (
        f"The sounds of {len(unsure)} pairs hardly resemble each other, so no delay could be "
        f"measured: {listed}. Check that they belong together."
    )


def _rate_remark(recordings: Mapping[str, Recording]) -> str | None:
    differing = [
        name
        for name, r in recordings.items()
        if r.source["dry_sample_rate"] != r.source["sample_rate"]
    ]
    if not differing:
        return None
    return (
        f"In {len(differing)} pairs the files have different sample rates, the first "
        f"`{differing[0]}`. They were resampled; export both at one rate."
    )


def _length_remark(recordings: Mapping[str, Recording]) -> str | None:
    cut = [name for name, r in recordings.items() if r.measures["missing_s"] > _NEARLY_S]
    if not cut:
        return None
    longest = max(recordings[name].measures["missing_s"] for name in cut)
    return (
        f"In {len(cut)} pairs the wet sound ends before the dry one, by {longest:.2f} s at most; "
        "the rest of the dry sound was cut off."
    )
