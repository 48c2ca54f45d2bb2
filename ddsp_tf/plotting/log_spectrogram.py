"""A picture's worth of spectrogram: bounded in size, whatever the length of the audio."""

import numpy as np

FLOOR_DB = -120.0
_FFT_S = 0.128
_BLOCK_FRAMES = 1024
_MAX_FRAMES = 16_000


def log_spectrogram(
    audio: np.ndarray,
    sample_rate: int,
    *,
    minimum_hz: float = 40.0,
    n_rows: int = 280,
    max_columns: int = 1200,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Computes power in dB on a logarithmic frequency grid.

    A full-scale sine reads 0 dB. Longer audio gets wider columns, each the mean power
    of the short frames in it, so that a short note isn't lost between two columns.

    Args:
        audio: Mono audio, `[n_samples]`.
        sample_rate: Its rate in Hz.
        minimum_hz: Lowest row.
        n_rows: Rows between `minimum_hz` and Nyquist.
        max_columns: Columns at most.

    Returns:
        Column centres in seconds `[n_columns]`, row centres in Hz `[n_rows]`, and the
        level in dB `[n_rows, n_columns]`, at least -120.

    Example:
        >>> sine = np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
        >>> times_s, rows_hz, level_db = log_spectrogram(sine, 16000)
        >>> bool(abs(rows_hz[level_db[:, 30].argmax()] - 440) < 10)
        True
    """
    audio = np.asarray(audio, np.float32)
    fft_length = 2 ** round(np.log2(_FFT_S * sample_rate))
    # A Hann window hears everything up to a hop of half its length. Short audio gets finer
    # columns; audio of many minutes is sampled, for a picture is not worth half a minute.
    hop_length = int(np.clip(audio.size // max_columns, fft_length // 8, fft_length // 2))
    hop_length = max(hop_length, audio.size // _MAX_FRAMES)
    n_frames = max(1, -(-audio.size // hop_length))
    frames_per_column = -(-n_frames // max_columns)
    n_columns = -(-n_frames // frames_per_column)
    rows_hz = np.geomspace(minimum_hz, sample_rate / 2, n_rows)
    weights = _row_weights(rows_hz, fft_length, sample_rate)
    window = np.hanning(fft_length + 1)[:-1].astype(np.float32)
    scale = 4.0 / np.sum(window) ** 2

    power = np.zeros((n_columns, n_rows), np.float32)
    count = np.zeros(n_columns, np.float32)
    padded = np.pad(audio, (fft_length // 2, fft_length))
    for start in range(0, n_frames, _BLOCK_FRAMES):
        frame = np.arange(start, min(start + _BLOCK_FRAMES, n_frames))
        segments = np.lib.stride_tricks.sliding_window_view(padded, fft_length)[frame * hop_length]
        spectrum = np.abs(np.fft.rfft(segments * window)).astype(np.float32) ** 2
        np.add.at(power, frame // frames_per_column, scale * (spectrum @ weights))
        np.add.at(count, frame // frames_per_column, 1.0)
    level_db = 10 * np.log10(np.maximum(power / count[:, None], 10 ** (FLOOR_DB / 10)))
    column_s = frames_per_column * hop_length / sample_rate
    times_s = (np.arange(n_columns) + 0.5 * (1 - 1 / frames_per_column)) * column_s
    return times_s, rows_hz, level_db.T


def _row_weights(rows_hz: np.ndarray, fft_length: int, sample_rate: int) -> np.ndarray:
    """Triangles `[n_bins, n_rows]`, as wide as a row or a bin, whichever is wider."""
    bins_hz = np.arange(fft_length // 2 + 1) * sample_rate / fft_length
    width_hz = np.maximum(np.gradient(rows_hz), sample_rate / fft_length)
    weights = np.maximum(0.0, 1.0 - np.abs(bins_hz[:, None] - rows_hz) / width_hz)
    peak = np.maximum(weights.sum(axis=0), 1e-9)
    return (weights / peak).astype(np.float32)
