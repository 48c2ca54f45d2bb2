"""Makes the shipped vocoder, which `ddsp-tf process world` plays: settings and a card, no weights.

Example:
    python scripts/make_world.py ddsp_tf/presets/effects/world
"""

import sys
from pathlib import Path

from ddsp_tf.files import write_text
from ddsp_tf.models import Instrument
from ddsp_tf.models.world.world_vocoder import WorldVocoder

ABOUT = {
    "title": "World",
    "description": "A voice said again by pulses and noise, its pitch and formants moved.",
    "licence": "Apache-2.0",
    "training_data": "none: nothing in it is learned but its pitch tracker, CREPE",
    "known_weaknesses": [
        "One voice at a time; of two that sound together it hears one.",
        "Pulses and noise sound smoother than a voice. `--excitation sound` keeps more of it.",
    ],
}


def main(folder: Path) -> None:
    """Writes the folder."""
    model = Instrument.without_features(WorldVocoder())
    Instrument(model.model, model.features, metadata=ABOUT).save(folder, overwrite=True)
    weak = "".join(f"- {line}\n" for line in ABOUT["known_weaknesses"])
    write_text(
        folder / "README.md",
        f"# {ABOUT['title']}\n\n{ABOUT['description']}\n\n- Licence: {ABOUT['licence']}\n"
        f"- Trained on: {ABOUT['training_data']}\n\n## Known weaknesses\n\n{weak}",
        overwrite=True,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
