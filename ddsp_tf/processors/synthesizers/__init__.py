"""Controls to sound."""
