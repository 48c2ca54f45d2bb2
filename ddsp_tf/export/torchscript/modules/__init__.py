"""The streamed instrument in torch. Nothing here is imported unless a host of torch is exported to.

Modules are written for TorchScript: state is in buffers that are changed in place, what counts is
whole numbers, and rows of a batch play in step.
"""
