"""Loudness, by the definition of the settings."""

from ddsp_tf.features.column import Column
from ddsp_tf.features.extractors.extractor import Extractor
from ddsp_tf.features.loudness import extract_loudness_db
from ddsp_tf.features.settings import FeatureSettings
from ddsp_tf.types import Float32Array, Progress, Signal

SILENT_DB = -80.0


class LoudnessDb(Extractor):
    """`loudness_db`, see `measure_loudness_db`.

    Example:
        >>> from ddsp_tf.features import FeatureSettings
        >>> LoudnessDb().extract(np.zeros(128, np.float32), FeatureSettings())["loudness_db"]
        array([-80., -80.], dtype=float32)
    """

    columns = ("loudness_db",)
    depends_on = ("loudness", "loudness_fft_length")

    def describe(self, settings: FeatureSettings) -> dict[str, Column]:
        """One number a frame, -80 in silence."""
        signal = Signal("frames", unit="dB", low=SILENT_DB)
        return {
            "loudness_db": Column("loudness_db", signal, settings.hop_length, silence=SILENT_DB)
        }

    def extract(
        self, audio: Float32Array, settings: FeatureSettings, *, progress: Progress | None = None
    ) -> dict[str, Float32Array]:
        """Measures it."""
        return {"loudness_db": extract_loudness_db(audio, settings)}
