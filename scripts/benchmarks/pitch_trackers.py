"""Compares all trackers of the fundamental on sounds whose pitch is known.

    python scripts/benchmarks/pitch_trackers.py
    python scripts/benchmarks/pitch_trackers.py --tracker pyin --tracker self_supervised:runs/own

Each gives its pitch and confidence through `extract_features`, 100 times a second. A frame is
voiced where the confidence reaches a threshold, one for each tracker: that with which the score,
averaged over all material, is best. The score is the harmonic mean of six numbers (Nieradzik 2025,
"SwiftF0", and the pitch-benchmark that goes with it): the share of voiced frames within 50 cents;
exp(-c / 500) of the mean error c in cents; precision and recall of voicing; exp(-10 o) of the share
o that is another octave; exp(-5 g) of the share g that is 200 cents off or more. Trackers whose
weights are not installed are left out, and that is said. Times are those of the processor, of all
cores together, so that other work on the machine counts little.
"""

import argparse
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from pitch_material import DATA, MATERIAL, SETTINGS, Example

from ddsp_tf.errors import DdspError
from ddsp_tf.evaluation.metrics import cents, octave_error_share, raw_pitch_accuracy
from ddsp_tf.features import F0_TRACKERS, FeatureSettings, extract_features

THRESHOLDS = np.arange(0.05, 1.0, 0.05)
GROSS_CENTS = 200.0
_TONE_S, _SWITCH_S = 2.0, 1.0


@dataclass(frozen=True)
class Heard:
    """What a tracker said of one kind of material, its judged frames one after another."""

    errors_cents: np.ndarray
    voiced: np.ndarray
    confidence: np.ndarray
    sound_s: float
    took_s: float

    def score(self, threshold: float) -> dict[str, float]:
        """The six measures, their harmonic mean, and the median error of right frames."""
        said = self.confidence >= threshold
        errors = self.errors_cents[self.voiced]
        both = float(np.count_nonzero(said & self.voiced))
        right = np.abs(errors[np.abs(errors) <= 50.0])
        parts = {
            "within 50 cents": raw_pitch_accuracy(errors),
            "cents": float(np.exp(-np.mean(np.abs(errors)) / 500.0)),
            "precision": both / max(float(np.count_nonzero(said)), 1.0),
            "recall": both / max(float(np.count_nonzero(self.voiced)), 1.0),
            "octave": float(np.exp(-10.0 * octave_error_share(errors))),
            "gross": float(np.exp(-5.0 * np.mean(np.abs(errors) > GROSS_CENTS))),
        }
        least = min(parts.values())
        mean = len(parts) / sum(1.0 / x for x in parts.values()) if least > 0.0 else 0.0
        return {**parts, "score": mean, "error": float(np.median(right)) if len(right) else np.nan}


def hear(settings: FeatureSettings, examples: list[Example]) -> Heard:
    """Tracks all examples."""
    errors, voiced, confidence = [], [], []
    sound_s = took_s = 0.0
    for example in examples:
        start = time.process_time()
        features = extract_features(example.audio, settings)
        took_s += time.process_time() - start
        sound_s += len(example.audio) / settings.sample_rate
        wanted = np.where(example.f0_hz > 0.0, example.f0_hz, features.f0_hz)
        errors.append(cents(wanted, features.f0_hz)[example.judged])
        voiced.append((example.f0_hz > 0.0)[example.judged])
        confidence.append(features.f0_confidence[example.judged])
    errors_of_all, voiced_of_all, sure = map(np.concatenate, (errors, voiced, confidence))
    return Heard(errors_of_all, voiced_of_all, sure, sound_s=sound_s, took_s=took_s)


def lookahead_ms(settings: FeatureSettings) -> float:
    """For how long before a tone ends its frames differ from those of a tone that goes on."""
    rate = settings.sample_rate
    turns = 220.0 / rate * np.arange(round(_TONE_S * rate))
    tone = sum(np.sin(2 * np.pi * k * turns) / k for k in range(1, 9)).astype(np.float32) * 0.2
    cut = np.where(np.arange(len(tone)) < _SWITCH_S * rate, tone, np.float32(0.0))
    whole, part = (extract_features(audio, settings) for audio in (tone, cut))
    moved = np.abs(cents(whole.f0_hz, part.f0_hz)) > 1.0
    moved |= np.abs(whole.f0_confidence - part.f0_confidence) > 1e-3
    first = int(np.argmax(moved))
    return 1000.0 * (_SWITCH_S - first / settings.frame_rate)


def measure(name: str, material: dict[str, list[Example]]) -> dict[str, Any]:
    """All that the table says of a tracker."""
    settings = replace(SETTINGS, f0_tracker=name)
    extract_features(np.zeros(16000, np.float32), settings)
    heard = {kind: hear(settings, examples) for kind, examples in material.items()}
    means = [np.mean([x.score(t)["score"] for x in heard.values()]) for t in THRESHOLDS]
    threshold = float(THRESHOLDS[int(np.argmax(means))])
    sound_s = sum(x.sound_s for x in heard.values())
    return {
        "tracker": name,
        "threshold": threshold,
        "lookahead_ms": lookahead_ms(settings),
        "s_per_s": sum(x.took_s for x in heard.values()) / sound_s,
        "of": {kind: x.score(threshold) for kind, x in heard.items()},
    }


def row(found: dict[str, Any], kinds: list[str]) -> str:
    """A tracker's row: score, share within 50 cents, median error in cents; times."""
    cells = []
    for kind in kinds:
        of = found["of"][kind]
        share = f"{100 * of['within 50 cents']:.1f} %"
        cells.append(f"{100 * of['score']:.1f}, {share}, {of['error']:.1f}")
    return (
        f"| {found['tracker']} | {' | '.join(cells)} | {1000 * found['s_per_s']:.0f} ms "
        f"| {found['lookahead_ms']:.0f} ms | {found['threshold']:.2f} |"
    )


def main() -> None:
    """Measures and prints Markdown, and writes JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="the tests' data")
    parser.add_argument("--tracker", action="append", help="one of F0_TRACKERS; repeatable")
    parser.add_argument("--material", action="append", choices=list(MATERIAL))
    parser.add_argument("--json", type=Path, help="where to write everything that was measured")
    options = parser.parse_args()
    kinds = options.material or list(MATERIAL)
    material = {kind: list(MATERIAL[kind](options.data)) for kind in kinds}
    for kind, examples in material.items():
        seconds = sum(len(x.audio) for x in examples) / SETTINGS.sample_rate
        print(f"{kind}: {len(examples)} sounds, {seconds:.0f} s")
    print(f"\n| tracker | {' | '.join(kinds)} | time per s | looks ahead | voiced from |")
    print("|---" * (4 + len(kinds)) + "|")
    measured = []
    for name in options.tracker or F0_TRACKERS:
        try:
            found = measure(name, material)
        except DdspError as error:
            print(f"{name}: {error}")
            continue
        measured.append(found)
        print(row(found, kinds), flush=True)
        if options.json:
            options.json.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
