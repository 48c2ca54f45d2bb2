"""C99 source: an instrument for boards and hosts without a runtime."""
