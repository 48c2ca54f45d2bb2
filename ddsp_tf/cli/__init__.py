"""The command ddsp-tf, one file a subcommand."""
