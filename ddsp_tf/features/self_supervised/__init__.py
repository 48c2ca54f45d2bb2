"""A tracker that no label taught: it learned to explain sounds by sinusoids."""
