"""`ddsp-tf stream --midi`: lines of events on stdin, PCM on stdout."""

import queue
import threading
import time
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

from ddsp_tf.cli.pcm import PcmWriter
from ddsp_tf.cli.terminal import Terminal, duration
from ddsp_tf.errors import ScoreFileError
from ddsp_tf.midi.live_events import LiveEvent, parse_event

if TYPE_CHECKING:
    from ddsp_tf.inference.live_notes import LiveNotes

_LONGEST_BLOCK_S = 4.0
_BEHIND_S = 0.1


def play_keys(
    keys: "LiveNotes",
    source: IO[bytes],
    writer: PcmWriter,
    terminal: Terminal,
    *,
    is_live: bool,
    block_samples: int,
    tail_s: float,
) -> None:
    """Plays what comes, then lets go of all keys and plays the tail.

    Args:
        keys: Plays.
        source: Lines of events.
        writer: Takes the sound.
        terminal: Is told what happened.
        is_live: Whether time is that of the clock: events happen when their lines come, and sound
            flows without them. If not, a line's time says how far the sound goes before it.
        block_samples: Samples that are made at once when it is live.
        tail_s: Seconds to play on after the end.

    Raises:
        ScoreFileError: A line is no event, or its time lies before the one of the last.
    """
    if is_live:
        _play_by_clock(keys, source, writer, terminal, block_s=block_samples / keys.sample_rate)
    else:
        _play_by_lines(keys, source, writer)
    keys.hear(LiveEvent("quiet"))
    _play_on(keys, writer, keys.time_s + tail_s)
    writer.write(keys.flush())
    if keys.n_stolen:
        terminal.note(
            f"warning: {keys.n_stolen} notes were cut short, as more keys were held than there are "
            "voices. `--voices` gives more."
        )


def _play_by_lines(keys: "LiveNotes", source: IO[bytes], writer: PcmWriter) -> None:
    for number, event in _events(source):
        if event.time_s is not None:
            # A frame's worth is no step back: sound goes on in whole frames.
            if event.time_s < keys.time_s - 0.02:
                raise ScoreFileError(
                    f"Line {number} has the time {event.time_s:g} s, and {keys.time_s:g} s have "
                    "been played. Sort the lines by time, or leave times out with --live."
                )
            _play_on(keys, writer, event.time_s)
        if event.kind == "end":
            return
        keys.hear(event)


def _play_by_clock(
    keys: "LiveNotes", source: IO[bytes], writer: PcmWriter, terminal: Terminal, *, block_s: float
) -> None:
    lines: queue.Queue[LiveEvent | Exception | None] = queue.Queue()

    def listen() -> None:
        try:
            for _, event in _events(source):
                lines.put(event)
            lines.put(None)
        except Exception as error:
            lines.put(error)

    threading.Thread(target=listen, daemon=True).start()
    waiting: list[LiveEvent] = []
    start = time.monotonic()
    worst_s, is_over = 0.0, False
    while not is_over or waiting:
        while not lines.empty():
            event = lines.get()
            if isinstance(event, Exception):
                raise event
            if event is None:
                is_over = True
            else:
                waiting.append(event)
        due = [x for x in waiting if x.time_s is None or x.time_s <= keys.time_s + block_s / 2]
        waiting = [x for x in waiting if x not in due]
        for event in sorted(due, key=lambda x: x.time_s or 0.0):
            if event.kind == "end":
                is_over, waiting = True, []
            else:
                keys.hear(event)
        writer.write(keys.play_until(keys.time_s + block_s))
        ahead_s = keys.time_s - (time.monotonic() - start)
        worst_s = max(worst_s, -ahead_s)
        if ahead_s > 0:
            time.sleep(ahead_s)
    if worst_s > _BEHIND_S:
        terminal.note(
            f"warning: it fell behind by {duration(worst_s)}. A larger --block, fewer --voices or "
            "--no-reverb need less time."
        )


def _play_on(keys: "LiveNotes", writer: PcmWriter, time_s: float) -> None:
    """Plays up to a time in pieces, so that a far one takes no more memory."""
    while keys.time_s + _LONGEST_BLOCK_S < time_s:
        writer.write(keys.play_until(keys.time_s + _LONGEST_BLOCK_S))
    writer.write(keys.play_until(time_s))


def _events(source: IO[bytes]) -> Iterator[tuple[int, LiveEvent]]:
    for number, line in enumerate(iter(source.readline, b""), 1):
        try:
            event = parse_event(line.decode("utf-8", "replace"))
        except ScoreFileError as error:
            raise ScoreFileError(f"Line {number}: {error}") from error
        if event is not None:
            yield number, event
