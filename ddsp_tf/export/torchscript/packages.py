"""What the exports for hosts of TorchScript need, and how it is installed."""

from typing import Any

from ddsp_tf.export.optional_packages import import_optional

TORCH = 'pip install "ddsp-tf[torch]"'
# Its own pin is the torch of its host, whose files any later one can write.
NN_TILDE = f"{TORCH} && pip install --no-deps nn-tilde==1.6.0 cached-conv"
NEUTONE = f'{TORCH} && pip install "neutone-sdk>=1.5.2,<2"'


def require_torch() -> Any:
    """Imports torch.

    Raises:
        ExportError: It isn't installed.

    Example:
        >>> from ddsp_tf.errors import ExportError
        >>> try:
        ...     found = require_torch().__name__
        ... except ExportError as error:
        ...     found = "ddsp-tf[torch]" in str(error) and "torch"
        >>> found
        'torch'
    """
    return import_optional("torch", package="torch", install=TORCH)


def require_nn_tilde() -> Any:
    """Imports nn_tilde.

    Raises:
        ExportError: It isn't installed, or torch isn't.
    """
    require_torch()
    return import_optional("nn_tilde", package="nn-tilde", install=NN_TILDE)


def require_neutone() -> Any:
    """Imports neutone_sdk.

    Raises:
        ExportError: It isn't installed, or torch isn't.
    """
    require_torch()
    return import_optional("neutone_sdk", package="neutone-sdk", install=NEUTONE)
