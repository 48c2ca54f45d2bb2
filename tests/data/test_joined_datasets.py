"""Several datasets as one: shares of each batch, labels, notes filled up, and what is refused."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile
from recorded_sounds import tone

from ddsp_tf.data import JoinedDatasets, PrepareSettings, prepare
from ddsp_tf.errors import ArgumentError, DatasetError
from ddsp_tf.features import FeatureSettings
from ddsp_tf.training import Schedule
from ddsp_tf.training.data_checks import check_data

HEADER = "start_s,end_s,midi_pitch\n"


def write(folder: Path, name: str, keys: list[int], *, columns: tuple[str, ...]) -> Path:
    """A dataset of a take whose notes are as loud as they are early in it."""
    (folder / name).mkdir()
    sound = [
        (1.0 + i) / len(keys) * tone(0.4, f0_hz=440 * 2 ** ((key - 69) / 12))
        for i, key in enumerate(keys)
    ]
    soundfile.write(folder / name / "take.wav", np.concatenate(sound), 16000)
    rows = [f"{0.4 * i},{0.4 * i + 0.38},{key}\n" for i, key in enumerate(keys)]
    (folder / name / "take.notes.csv").write_text(HEADER + "".join(rows))
    settings = PrepareSettings(
        features=FeatureSettings(columns=columns), source="scores", split_by="time",
        eval_fraction=0.4, guard_s=0.1,
    )  # fmt: skip
    prepare(folder / name, folder / f"{name}_data", settings=settings, n_workers=1)
    return folder / f"{name}_data"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("joined")
    keys = [60, 64, 67, 72, 69, 65, 62, 59, 61, 66, 70, 63]
    return {
        "reed": write(folder, "reed", keys, columns=("loudness_db",)),
        "pipe": write(folder, "pipe", keys[::-1], columns=("loudness_db",)),
    }


def test_each_dataset_has_its_share_and_its_number(folders: dict[str, Path]) -> None:
    joined = JoinedDatasets(folders)
    assert joined.seconds() == pytest.approx(sum(x.seconds() for x in joined.datasets))
    first, second = list(joined.batches(batch_size=4, clip_s=0.8, seed=1).take(2))
    assert first["instrument"].numpy()[:, 0].tolist() == [0, 0, 1, 1]
    again = next(iter(joined.batches(batch_size=4, clip_s=0.8, seed=1, start_step=1)))
    for key, values in second.items():
        np.testing.assert_array_equal(values, again[key])
    # What the second half holds is what the second dataset gives.
    alone = next(iter(joined.datasets[1].batches(batch_size=2, clip_s=0.8, seed=1)))
    np.testing.assert_array_equal(first["audio"][2:], alone["audio"])


def test_the_pipelines_joined_need_no_tuning_either(folders: dict[str, Path]) -> None:
    joined = JoinedDatasets(folders)
    for split, repeat in (("train", True), ("eval", False)):
        batches = joined.batches(split, batch_size=2, clip_s=0.5, repeat=repeat)
        assert batches.options().autotune.enabled is False


def test_a_pass_goes_through_all(folders: dict[str, Path]) -> None:
    batches = list(JoinedDatasets(folders).batches("eval", batch_size=3, clip_s=0.8, repeat=False))
    numbers = np.concatenate([batch["instrument"].numpy()[:, 0] for batch in batches])
    assert set(numbers) == {0.0, 1.0}
    # In turn, since a validation may take the first few alone.
    assert [batch["instrument"].numpy()[0, 0] for batch in batches[:2]] == [0.0, 1.0]
    each = [JoinedDatasets({name: folder}) for name, folder in folders.items()]
    ask: dict[str, Any] = {"batch_size": 3, "clip_s": 0.8, "repeat": False}
    assert len(batches) == sum(len(list(data.batches("eval", **ask))) for data in each)
    assert len({batch["notes"].shape[1] for batch in batches}) == 1


def test_velocities_of_a_table_are_those_that_are_heard(folders: dict[str, Path]) -> None:
    _, batch = next(JoinedDatasets(folders).datasets[0].segments("train"))
    velocities = batch["notes"][0, :, 3]
    # A-weighted, so that a low note is softer; but each of these is louder than the one before.
    assert (np.diff(velocities)[:4] > 0).all()
    assert 0 < velocities.min() < velocities.max() <= 1


def test_datasets_in_another_order_than_the_instruments_are_refused(
    folders: dict[str, Path],
) -> None:
    data: Any = JoinedDatasets(folders)
    schedule = Schedule(batch_size=2, clip_s=0.5)
    check_data(SimpleNamespace(instruments=tuple(folders)), data, schedule)
    turned = SimpleNamespace(instruments=tuple(folders)[::-1])
    for model in (turned, SimpleNamespace(encoder=turned)):
        with pytest.raises(DatasetError, match="in another order"):
            check_data(model, data, schedule)


def test_what_does_not_fit_together_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"multiple of the 2 datasets\. Received 3"):
        JoinedDatasets(folders).batches(batch_size=3)
    with pytest.raises(ArgumentError, match="should name a dataset at least"):
        JoinedDatasets({})
    with pytest.raises(DatasetError, match="There is no dataset"):
        JoinedDatasets({"reed": tmp_path / "none"})
