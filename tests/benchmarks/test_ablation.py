"""The ablation: each variant takes away what it says, and the table says what was measured."""

from typing import Any

import ablation
import pytest
from click.testing import CliRunner

from ddsp_tf import config, training


def _settings(bindings: dict[str, str]) -> tuple[Any, dict[str, Any]]:
    parsed = config.parse(
        [ablation.STUDIES["parts"].config], [f"{key}={value}" for key, value in bindings.items()]
    )
    settings = parsed.bound(training.Schedule) | parsed.bound(training.Optimization)
    return parsed.build_model(), settings


def test_the_recipe_has_each_part_and_none_of_them_is_the_papers() -> None:
    variants = ablation.without_parts()
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
    variants = ablation.without_parts()
    whole = set(variants["none of them"])
    taken = [set(variants[f"without {part}"]) for part in ablation.PARTS]
    assert set().union(*taken) == whole
    assert sum(map(len, taken)) == len(whole)


@pytest.mark.parametrize("bindings", ablation.WAYS.values(), ids=ablation.WAYS)
def test_each_way_trains_the_violin_otherwise(bindings: dict[str, str]) -> None:
    files, rooms = [ablation.STUDIES["ways"].config], "ROOMS=('garner_bwv1002_7_tempo_di_borea',)"
    recipe = config.parse(files, [rooms])
    way = config.parse(files, [rooms, *(f"{key}={value}" for key, value in bindings.items())])
    assert (way.text != recipe.text) is bool(bindings)
    assert way.build_model().sample_rate == 16000
    assert way.build_objective()


@pytest.mark.parametrize(("minutes", "lasting"), [(5.0, "5 minutes on one core"), (None, "One")])
def test_the_table_has_means_and_ranges(minutes: float | None, lasting: str) -> None:
    study = ablation.STUDIES["parts"]._replace(minutes=minutes)
    figures = dict.fromkeys(ablation.COLUMNS, 1.0) | {"seconds": 60.0, "steps": 10}
    results = {
        ("the recipe", 0): figures,
        ("the recipe", 1): {**figures, "spectral_distance": 3.0, "steps": 20},
    }
    table = ablation._table(results, ["the recipe"], 2, study, 2)
    assert table.startswith(lasting)
    assert "core each, 2 side by side; 2 seeds. Means on 60 s of held-out" in table
    assert "| the recipe | 15 | 2.00 (1.00 to 3.00) | 1.00 (1.00 to 1.00) |" in table


@pytest.mark.parametrize(
    "arguments", [["--only", "without a plan"], ["--minutes", "many"], ["--study", "all"]]
)
def test_wrong_arguments_are_refused(arguments: list[str], tmp_path: Any) -> None:
    result = CliRunner().invoke(ablation.measure, [str(tmp_path), "-o", "out", *arguments])
    assert result.exit_code == 2
    assert arguments[1] in result.output
