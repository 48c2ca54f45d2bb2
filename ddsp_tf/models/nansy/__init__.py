"""NANSY++'s pitch encoder and excitation, learned from voices without labels."""
