"""Effects that are set so that a sound becomes like another."""
