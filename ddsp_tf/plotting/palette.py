"""The colours that mean the same thing in every figure."""

INPUT = "#5b6f8c"
OUTPUT = "#d4572a"
ACCENT = "#2a8c82"
MUTED = "#b9bec7"
CURVES = (OUTPUT, INPUT, ACCENT, "#8a5fa8", "#c79a1b", "#4a4a4a")
HEAT = "magma"
