"""The instruments that ship with the package."""
