"""What the losses compare of an analysis in frames, one class a file."""
