"""What a dataset can be prepared from: recordings, pairs of sounds, recordings with scores."""

from ddsp_tf.data.sources.example import Example, Found
from ddsp_tf.data.sources.kinds import PrepareSource, find_examples, source_for

__all__ = ["Example", "Found", "PrepareSource", "find_examples", "source_for"]
