"""The networks' parts: GRU and MLP stacks."""
