"""Makes the modules of `scripts/benchmarks/` importable, as they are for the command."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts" / "benchmarks"))
