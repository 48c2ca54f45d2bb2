"""Instruments for hosts of TorchScript. What imports torch is imported when it is asked for."""
