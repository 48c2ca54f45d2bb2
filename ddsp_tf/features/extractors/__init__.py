"""What is heard in a sound: one class a feature, found by its file.

A new extractor is a file here with a class of its name, derived from `Extractor`: the names of its
`columns` are known everywhere from then on.
"""

import importlib
from functools import cache

from ddsp_tf.discovery import class_files
from ddsp_tf.errors import ArgumentError
from ddsp_tf.features.column import Column
from ddsp_tf.features.extractors.extractor import Extractor
from ddsp_tf.features.settings import FeatureSettings

__all__ = ["Extractor", "columns_of", "extractor_columns", "extractor_for"]


@cache
def _by_column() -> dict[str, Extractor]:
    found: dict[str, Extractor] = {}
    for name, module in class_files(__name__, __path__).items():
        extractor_class = getattr(importlib.import_module(module), name, None)
        if extractor_class is not None and extractor_class is not Extractor:
            extractor = extractor_class()
            found.update(dict.fromkeys(extractor.columns, extractor))
    return found


def extractor_columns() -> tuple[str, ...]:
    """The names of all columns that can be extracted, sorted.

    Example:
        >>> "mel_db" in extractor_columns()
        True
    """
    return tuple(sorted(_by_column()))


def extractor_for(column: str) -> Extractor:
    """The extractor that makes a column.

    Args:
        column: One of `extractor_columns()`.

    Raises:
        ArgumentError: There is none.

    Example:
        >>> extractor_for("f0_confidence").columns
        ('f0_hz', 'f0_confidence')
    """
    found = _by_column().get(column)
    if found is None:
        raise ArgumentError(
            f"No extractor makes the column `{column}`. "
            f"There are: {', '.join(extractor_columns())}."
        )
    return found


def columns_of(settings: FeatureSettings) -> dict[str, Column]:
    """Describes the columns that `extract_features` gives.

    Raises:
        ArgumentError: No extractor makes one of `settings.columns`.

    Example:
        >>> from ddsp_tf.features import FeatureSettings
        >>> columns_of(FeatureSettings())["f0_hz"].signal.unit
        'Hz'
    """
    return {name: extractor_for(name).describe(settings)[name] for name in settings.columns}
