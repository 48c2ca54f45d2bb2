"""Keras layers that turn controls into sound, and the graph that joins them."""
