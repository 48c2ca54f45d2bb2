"""Configuration by gin files: what to build, and with which numbers."""

from ddsp_tf.config.configuration import Config, parse
from ddsp_tf.config.names import find_gin_file, packaged_configs

__all__ = ["Config", "find_gin_file", "packaged_configs", "parse"]
