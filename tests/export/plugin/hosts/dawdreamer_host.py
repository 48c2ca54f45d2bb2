"""Plays a VST3 in dawdreamer: PLUGIN IN OUT RATE BLOCK KNOBS [SONG.mid]; it prints the latency.

IN and OUT are raw float32, mono and two channels one after the other; KNOBS is JSON, from the names
of parameters to values of 0 to 1. With a song the plug-in is an instrument.
"""

import json
import sys

import dawdreamer
import numpy as np


def main(
    path: str, given: str, played: str, rate: str, block: str, knobs: str, song: str | None = None
) -> None:
    audio = np.fromfile(given, "<f4")
    engine = dawdreamer.RenderEngine(int(rate), int(block))
    plugin = engine.make_plugin_processor("plugin", path)
    index = {knob["name"]: knob["index"] for knob in plugin.get_parameters_description()}
    for name, value in json.loads(knobs).items():
        plugin.set_parameter(index[name], value)
    if song is None:
        source = engine.make_playback_processor("in", np.stack([audio, audio]))
        engine.load_graph([(source, []), (plugin, ["in"])])
    else:
        plugin.load_midi(song, beats=False, clear_previous=True)
        engine.load_graph([(plugin, [])])
    engine.render(len(audio) / int(rate))
    engine.get_audio()[:, : len(audio)].astype("<f4").tofile(played)
    sys.stdout.write(f"{plugin.get_latency_samples()}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
