"""The split into training and evaluation: the same for the same names, and without a leak."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ddsp_tf.data.prepare_settings import PrepareSettings
from ddsp_tf.data.segments import Segment

# Evaluation by whole files may miss the share asked for by these factors.
_LEAST = 0.5
_MOST = 2.0


@dataclass(frozen=True)
class Split:
    """Which segments of which recording are on which side.

    Attributes:
        by: `"file"` or `"time"`.
        train: Segments by recording name, in the order of the names.
        eval: The same for evaluation.
    """

    by: str
    train: dict[str, list[Segment]]
    eval: dict[str, list[Segment]]


def split_recordings(
    segments: Mapping[str, list[Segment]],
    settings: PrepareSettings,
    groups: Mapping[str, str] = MappingProxyType({}),
) -> Split:
    """Holds out about `eval_fraction` of the sound.

    Files are drawn by a hash of their names, so that the choice depends neither on the machine
    nor on the run, and hardly changes when a recording is added.

    Args:
        segments: Where each recording sounds, in frames, by name.
        settings: What share, and how.
        groups: By name, what some have in common that are on the same side, if whole files are.
    """
    names = sorted(segments)
    everything = {name: list(segments[name]) for name in names}
    if settings.eval_fraction == 0.0:
        return Split("file", everything, {})
    group_of = {name: groups.get(name, name) for name in names}
    of_groups: dict[str, list[Segment]] = {}
    for name in names:
        of_groups.setdefault(group_of[name], []).extend(everything[name])
    chosen = _choose_files(of_groups, settings.eval_fraction)
    if settings.split_by == "time" or (settings.split_by == "auto" and not chosen):
        return _split_by_time(everything, settings)
    if not chosen:
        chosen = _least_bad_file(of_groups)
    held_out = {name for name in names if group_of[name] in chosen}
    return Split(
        "file",
        {name: everything[name] for name in names if name not in held_out},
        {name: everything[name] for name in names if name in held_out},
    )


def _n_frames(segments: list[Segment]) -> int:
    return sum(end - first for first, end in segments)


def _order(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def _choose_files(segments: dict[str, list[Segment]], fraction: float) -> set[str]:
    """Takes files in hash order while they fit; empty when that ends far from the target."""
    target = fraction * sum(map(_n_frames, segments.values()))
    chosen: set[str] = set()
    total = 0
    for name in sorted(segments, key=_order):
        size = _n_frames(segments[name])
        if total + size <= 1.25 * target:
            chosen.add(name)
            total += size
        if total >= 0.9 * target:
            break
    if total >= _LEAST * target and len(chosen) < len(segments):
        return chosen
    # Few long files: one of them alone may still come near.
    name = min(segments, key=lambda name: (abs(_n_frames(segments[name]) - target), _order(name)))
    near = _LEAST * target <= _n_frames(segments[name]) <= _MOST * target
    return {name} if near and len(segments) > 1 else set()


def _least_bad_file(segments: dict[str, list[Segment]]) -> set[str]:
    if len(segments) < 2:
        return set()
    return {min(segments, key=lambda name: (_n_frames(segments[name]), _order(name)))}


def _split_by_time(segments: dict[str, list[Segment]], settings: PrepareSettings) -> Split:
    guard = round(settings.guard_s * settings.features.frame_rate)
    train, held_out = {}, {}
    for name, of_file in segments.items():
        n_train = round((1.0 - settings.eval_fraction) * _n_frames(of_file))
        cut = _frame_after(of_file, n_train)
        before = [(first, min(end, cut)) for first, end in of_file if first < cut]
        after = [(max(first, cut + guard), end) for first, end in of_file if end > cut + guard]
        if before:
            train[name] = before
        if after:
            held_out[name] = after
    return Split("time", train, held_out)


def _frame_after(segments: list[Segment], n_sounding: int) -> int:
    """The frame before which `n_sounding` frames of the segments lie."""
    for first, end in segments:
        if n_sounding <= end - first:
            return first + n_sounding
        n_sounding -= end - first
    return segments[-1][1]
