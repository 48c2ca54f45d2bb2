"""The ablation: each variant takes away what it says, and the table says what was measured."""

from typing import Any

import ablation
import pytest
from click.testing import CliRunner

from ddsp_tf import config, training


def _settings(bindings: dict[str, str]) -> tuple[Any, dict[str, Any]]:
    parsed = config.parse([ablation.CONFIG], [f"{key}={value}" for key, value in bindings.items()])
    settings = parsed.bound(training.Schedule) | parsed.bound(training.Optimization)
    return parsed.build_model(), settings


def test_the_recipe_has_each_part_and_none_of_them_is_the_papers() -> None:
    variants = ablation.variants()
    model, settings = _settings(variants["the recipe"])
    reverb = model.processor_group.processors[-1]
    assert (model.decoder.input_cosines, reverb.decay_s) == (8, 0.5)
    assert settings["ema_decay"] == 0.999
    assert (settings["batch_size"], settings["learning_rate"]) == (4, 2e-3)
    model, settings = _settings(variants["none of them"])
    reverb = model.processor_group.processors[-1]
    assert (model.decoder.input_cosines, reverb.decay_s, settings["ema_decay"]) == (0, None, None)
    assert (settings["batch_size"], settings["learning_rate"]) == (8, 1e-3)
    assert settings["warmup_steps"] == 0


def test_a_variant_takes_away_one_part_alone() -> None:
    variants = ablation.variants()
    whole = set(variants["none of them"])
    taken = [set(variants[f"without {part}"]) for part in ablation.PARTS]
    assert set().union(*taken) == whole
    assert sum(map(len, taken)) == len(whole)


def test_the_table_has_means_and_ranges() -> None:
    figures = {key: 1.0 for key, _, _ in ablation.COLUMNS} | {"seconds": 60.0, "steps": 10}
    results = {
        ("the recipe", 0): figures,
        ("the recipe", 1): {**figures, "spectral_distance": 3.0, "steps": 20},
    }
    table = ablation._table(results, ["the recipe"], 2, 5.0, 2)
    assert "5 minutes on one core each, 2 side by side; 2 seeds" in table
    assert "| the recipe | 15 | 2.00 (1.00 to 3.00) | 1.00 (1.00 to 1.00) |" in table


@pytest.mark.parametrize("arguments", [["--only", "without a plan"], ["--minutes", "many"]])
def test_wrong_arguments_are_refused(arguments: list[str], tmp_path: Any) -> None:
    result = CliRunner().invoke(ablation.measure, [str(tmp_path), "-o", "out", *arguments])
    assert result.exit_code == 2
    assert arguments[1] in result.output
