"""Networks that listen to a sound and set an effect for it: Martinez Ramirez et al. 2021."""
