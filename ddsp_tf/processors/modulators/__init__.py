"""What moves the settings of others."""
