"""Pure functions on tensors: oscillators, filters, envelopes, spectra, loudness."""
