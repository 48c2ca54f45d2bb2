"""What is said about a wrong configuration: what, where, and what was probably meant."""

from pathlib import Path
from types import ModuleType

import pytest

from ddsp_tf import config
from ddsp_tf.errors import ConfigError


@pytest.mark.parametrize(
    ("binding", "expected"),
    [
        ("run.stepz=1", "`toy.run` has no parameter `stepz`. Did you mean `steps`?"),
        # Keras layers swallow unknown keywords; the check may not.
        ("Oscillator.nharmonics=3", "no parameter `nharmonics`. Did you mean `n_harmonics`?"),
        ("runn.steps=1", "There is no class or function `runn`. Did you mean `run`"),
        ("toy.rum.steps=1", "`toy` has no `rum`. Did you mean `run`?"),
        ("run.oscillator=@Osillator()", "no class or function `Osillator`. Did you mean"),
        ("run.oscillator=@toy.Osillator()", "`toy` has no `Osillator`. Did you mean"),
        ("run.steps='many'", "should be a whole number; got 'many', which is text in quotes."),
        ("run.steps=True", "should be a whole number; got True"),
        ("run.rate=[1]", "should be a number; got [1]."),
        ("run.oscillator='sine'", "`toy.run.oscillator` should be a reference such as"),
        ("Oscillator.scale='loud'", "`toy.Oscillator.scale` should be a number or None"),
        ("Oscillator.sizes=[1, 'two']", "should be a list, each a whole number; got [1, 'two']."),
        ("Oscillator.mode='sinus'", "one of 'sine', 'saw'; got 'sinus'. Did you mean `sine`?"),
        ("STEPS=2.5", "`toy.run.steps` should be a whole number; got 2.5"),
        ("run.steps=%STEP", "Nothing sets the macro `STEP`. Did you mean `STEPS`?"),
        ("STEPS=%gin.REQUIRED", "`STEPS` must be set."),
        ("Oscillator.mode=sine", "Text needs quotes"),
        ("run.steps", "A binding looks like `Limits.num_steps=30000`."),
        ("run.steps=[1", "EOF in multi-line statement"),
        ("import os", "A binding looks like"),
    ],
)
def test_bindings(toy: ModuleType, binding: str, expected: str) -> None:
    if "reference such as" in expected:
        toy.Oscillator.__module__ = "ddsp_tf.toy"
    with pytest.raises(ConfigError) as caught:
        config.parse(["base.gin"], [binding])
    message = str(caught.value)
    assert expected in message
    assert message.startswith(f"`{binding}`")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("toy.run.stepz = 1", "`toy.run` has no parameter `stepz`. Did you mean `steps`?"),
        ("tony.run.steps = 1", "`tony` is not imported (imported: `toy`). Did you mean `toy`?"),
        ("toy.run.steps = 'many'", "should be a whole number"),
        ("toy.run.oscillator = @toy.Osillator()", "`toy` has no `Osillator`"),
        ("toy.run.steps = %STEP", "Nothing sets the macro `STEP`"),
        ("toy.run.steps = ", "Unable to parse value."),
        ("import toys", "Cannot import `toys`"),
        ('include "bse.gin"', "There is no gin file `bse.gin`, here or among the packaged ones."),
        ("toy.rum:\n  steps = 1", "`toy` has no `rum`. Did you mean `run`?"),
    ],
)
def test_files(toy: ModuleType, line: str, expected: str) -> None:
    Path("mine.gin").write_text(
        f"# Mine.\nfrom __gin__ import dynamic_registration\nimport toy\n{line}\n"
    )
    with pytest.raises(ConfigError) as caught:
        config.parse(["mine.gin"])
    assert expected in str(caught.value)
    assert str(caught.value).startswith("`mine.gin`, line 4: ")


def test_a_wrong_value_in_a_macro_is_reported_where_the_macro_is(toy: ModuleType) -> None:
    Path("mine.gin").write_text(
        "from __gin__ import dynamic_registration\nimport toy\ntoy.run.steps = %N\nN = 'x'\n"
    )
    with pytest.raises(ConfigError, match=r"`mine.gin`, line 4: `toy.run.steps` should be"):
        config.parse(["mine.gin"])


def test_dynamic_registration_must_come_first(toy: ModuleType) -> None:
    Path("mine.gin").write_text("import toy\n")
    with pytest.raises(ConfigError, match="first statement of a gin file should be"):
        config.parse(["mine.gin"])


def test_a_required_macro_says_how_to_set_it(toy: ModuleType) -> None:
    Path("mine.gin").write_text(
        "from __gin__ import dynamic_registration\nFOLDER = %gin.REQUIRED\n"
    )
    with pytest.raises(ConfigError, match=r'`FOLDER` must be set. Add --gin-param "FOLDER=..."'):
        config.parse(["mine.gin"])
    assert config.parse(["mine.gin"], ["FOLDER='x'"]).files == ("mine.gin",)


def test_an_unknown_file_suggests_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Did you mean .*`models/solo_instrument.gin`"):
        config.parse(["model/solo_instrument.gin"])


def test_a_file_that_is_not_text_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "noise.gin"
    path.write_bytes(bytes(range(128, 256)))
    with pytest.raises(ConfigError, match="Cannot read the gin file"):
        config.parse([path])


def test_a_call_that_lacks_an_argument_names_it(toy: ModuleType) -> None:
    with pytest.raises(ConfigError, match=r"`run.steps` is not set. .*--gin-param 'run.steps="):
        config.parse([], []).call(toy.run, oscillator=None)


def test_nothing_to_build_is_an_error(toy: ModuleType) -> None:
    with pytest.raises(ConfigError, match=r"says nothing about `run.oscillator`"):
        config.parse([]).build(toy.run, "oscillator")


@pytest.mark.parametrize(
    ("binding", "expected"),
    [
        (
            "train.num_steps=3",
            "`train.num_steps` of version 0.1.0 is called `Limits.num_steps` now.",
        ),
        ("training.train.batch_size=3", "is called `Schedule.batch_size` now."),
        ("train.learning_rate=3", "is called `Optimization.learning_rate` now."),
        ("train.loss=@SpectralLoss()", "`Compare.loss` now, with `train.objective = @losses.Com"),
        ("RnnFcDecoder.n_harmonics=3", "is called `Harmonic.n_harmonics` now."),
        ("models.MinGruFcDecoder.n_noise_bands=3", "is called `FilteredNoise.n_bands` now."),
        (
            "training.evaluate.seed=3",
            "`training.evaluate` of version 0.1.0 is called `evaluation.ev",
        ),
        ("adam.learning_rate=3", "`adam` of version 0.1.0 is called `Optimization` now."),
        # Nearly an old name: the new one is meant.
        ("train.num_stepz=3", "no parameter `num_stepz`. Did you mean `Limits.num_steps`?"),
    ],
)
def test_names_of_0_1_0_say_what_they_are_called_now(binding: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.parse(["models/small_instrument.gin"], [binding])
    assert expected in str(caught.value)


def test_a_file_of_0_1_0_says_where_and_what(tmp_path: Path) -> None:
    path = tmp_path / "old.gin"
    path.write_text(
        "from __gin__ import dynamic_registration\nfrom ddsp_tf import training\n"
        "training.train:\n  num_steps = 7\n"
    )
    with pytest.raises(ConfigError, match=r"old.gin`, line 4: .* called `Limits.num_steps` now"):
        config.parse([path])


def test_every_new_name_of_the_table_exists() -> None:
    from ddsp_tf.config.renamed import RENAMED

    for new in RENAMED.values():
        name = new.partition(", ")[0]
        if name[:1].isupper():
            with pytest.raises(ConfigError, match="Nothing sets the macro `NO_SUCH_MACRO`"):
                config.parse([], [f"{name}=%NO_SUCH_MACRO"])
