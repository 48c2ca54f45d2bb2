"""The autoencoder of pitch and loudness: encoders, decoders, and what it knows."""
