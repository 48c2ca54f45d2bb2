"""Audio files to datasets to batches."""
