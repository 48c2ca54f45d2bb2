"""Which graphs of functions there are."""

import gc
import weakref

import tensorflow as tf


def graphs() -> "weakref.WeakSet[tf.Graph]":
    """Those of functions; TensorFlow has one of its own besides."""
    gc.collect()
    # By their types: to ask a proxy of something that is gone what it is raises an error.
    made = (x for x in gc.get_objects() if issubclass(type(x), tf.Graph))
    return weakref.WeakSet(x for x in made if type(x) is not tf.Graph)
