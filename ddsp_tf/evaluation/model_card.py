"""What a person should know about an instrument, written from its metadata alone."""

from collections.abc import Mapping
from typing import Any

from ddsp_tf.evaluation.reconstruction import RECONSTRUCTION
from ddsp_tf.features import FeatureSettings, Statistics


def model_card(
    name: str,
    metadata: Mapping[str, Any],
    *,
    features: FeatureSettings,
    statistics: Statistics | None,
    n_parameters: int,
) -> str:
    """Writes a model card in Markdown.

    Args:
        name: Of the instrument.
        metadata: Its metadata; what is missing is said to be unknown.
        features: Its feature settings.
        statistics: Of its training recordings, or None.
        n_parameters: Of its model.

    Returns:
        The card, ending in a newline.
    """
    training = metadata.get("training", {})
    metrics = metadata.get("metrics", {})
    lines = [
        f"# {metadata.get('title', name)}",
        "",
        str(metadata.get("description", "An instrument for ddsp_tf.")),
        "",
        f"- Licence: {metadata.get('licence', 'unknown')}",
        *(f"- Attribution: {credit}" for credit in metadata.get("attribution", [])),
        f"- Sound: {features.sample_rate} Hz, {features.frame_rate:g} frames a second, "
        f"{n_parameters:,} parameters",
        f"- Features: f0 by {features.f0_tracker}, loudness {features.loudness} "
        f"(FFT {features.loudness_fft_length})",
        *_range_lines(statistics),
        f"- Trained on: {metadata.get('training_data', 'unknown')}",
        *_training_lines(training),
        *([f"- Started from: {metadata['started_from']}"] if "started_from" in metadata else []),
        "",
        "## Measured",
        "",
        f"On {metrics.get('seconds', 0.0):.0f} s of held-out recordings "
        f"({metadata.get('held_out_data', 'not described')}), played from their own f0 and "
        "loudness:",
        "",
        "| metric | value |",
        "|---|---|",
        *(
            f"| {metric.heading} | {metric.write(metrics[metric.name])} |"
            for metric in RECONSTRUCTION.shown("card")
            if metrics.get(metric.name) is not None
        ),
    ]
    weaknesses = metadata.get("known_weaknesses", [])
    if weaknesses:
        lines += ["", "## Known weaknesses", "", *(f"- {weakness}" for weakness in weaknesses)]
    if "command" in metadata:
        lines += ["", "## Made by", "", "```", *metadata["command"], "```"]
    return "\n".join(lines) + "\n"


def _range_lines(statistics: Statistics | None) -> list[str]:
    if statistics is None:
        return ["- Range: unknown"]
    midi, loudness = statistics.f0_midi_quantiles, statistics.loudness_db_quantiles
    lowest, highest = (440.0 * 2.0 ** ((midi[i] - 69.0) / 12.0) for i in (1, -2))
    return [
        f"- Trained range (98% of all note frames): {lowest:.0f} to {highest:.0f} Hz, "
        f"{loudness[1]:.0f} to {loudness[-2]:.0f} dB",
        f"- Recordings: {statistics.seconds / 60:.1f} minutes, "
        f"{statistics.voiced_share:.0%} of them notes",
    ]


def _training_lines(training: Mapping[str, Any]) -> list[str]:
    if "step" not in training:
        return []
    text = f"- Training: {training['step']} steps"
    if "minutes" in training:
        text += f", {training['minutes']:.0f} minutes"
    if "validation_loss" in training:
        text += f", validation loss {training['validation_loss']:.3f}"
    if "seed" in training:
        text += f", seed {training['seed']}"
    return [text]
