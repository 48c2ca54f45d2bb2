"""Speech sample by sample: a linear predictor, and a network for what it can't predict."""
