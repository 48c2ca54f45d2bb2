"""SwiftF0, a network of somebody else, where its package is installed."""
