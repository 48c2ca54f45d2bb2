"""A tracker that no label taught: it learned to say voices again."""
