"""Encoders, decoders, the autoencoder, and how a model is stored."""
