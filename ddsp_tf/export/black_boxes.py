"""The refusal of what computes outside TensorFlow."""

from ddsp_tf.errors import ExportError
from ddsp_tf.models import Model


def refuse_black_boxes(model: Model) -> None:
    """Checks that a model can be a graph.

    Raises:
        ExportError: A part of it computes outside TensorFlow.
    """
    if not model.black_box:
        return
    parts = model._flatten_layers(include_self=False)
    # A group is one because of a processor in it, which its class says.
    names = [f"`{part.name}`" for part in parts if getattr(type(part), "black_box", False)]
    raise ExportError(
        f"The model can't be exported: {', '.join(names) or f'`{model.name}`'} computes outside "
        "TensorFlow (`black_box`). Play it from Python, or take a processor without a black box in "
        "its place."
    )
