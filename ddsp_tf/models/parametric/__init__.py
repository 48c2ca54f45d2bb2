"""Effects and synthesisers whose controls are constants to be found."""
