"""Searches without gradients: the place in a unit cube where a loss is least, in batches."""

from ddsp_tf.inference.search.search import METHODS, Found, search
from ddsp_tf.inference.search.search_file import SearchFile

__all__ = ["METHODS", "Found", "SearchFile", "search"]
