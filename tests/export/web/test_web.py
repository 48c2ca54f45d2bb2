"""The folder that `export_web` writes: complete, honest, added to, and refused whole."""

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from export_toys import small_instrument

from ddsp_tf.errors import DdspError, ExportError, OutputError
from ddsp_tf.export import export_web
from ddsp_tf.export.live_model import LiveModel, make_decoder
from ddsp_tf.export.web import web
from ddsp_tf.export.web.web_site import name_instrument
from ddsp_tf.models import Instrument

pytestmark = pytest.mark.xdist_group("web")


@pytest.fixture(scope="module")
def instrument() -> Instrument:
    return small_instrument()


@pytest.fixture(scope="module")
def converted_once() -> Iterator[None]:
    """Converts each network once: it takes seconds, and these tests look at files."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("make_decoder", "make_tracker"):
            made: list[LiveModel] = []
            patch.setattr(web, name, partial(_make_once, made, getattr(web, name)))
        yield


def _make_once(made: list[LiveModel], make: Any, *arguments: Any) -> LiveModel:
    made[:] = made or [make(*arguments)]
    return made[0]


@pytest.fixture(scope="module")
def site(
    instrument: Instrument, converted_once: None, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("web") / "site"
    shares: list[float] = []
    report = export_web(instrument, folder, progress=shares.append)
    assert report.instruments == ("toy",)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    return folder


@pytest.fixture
def copied(site: Path, tmp_path: Path) -> Path:
    """A page that a test may change."""
    return Path(shutil.copytree(site, tmp_path / "site"))


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def content_of(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_everything_that_the_page_names_is_there(site: Path) -> None:
    for name in ("index.html", "main.js", "check.js", "icon.svg", "melody.flac"):
        assert (site / name).stat().st_size > 0, name
    page = (site / "index.html").read_text(encoding="utf-8")
    for name in re.findall(r'<link rel="stylesheet" href="([^"]+)"', page):
        assert (site / name).stat().st_size > 0, name
    assert "theme.css" in page
    assert (site / "runtime" / "LICENSE").is_file()
    (entry,) = read(site / "site.json")["instruments"]
    own = site / "instruments" / entry["name"]
    for file in read(own / "instrument.json")["files"].values():
        assert (own / file).resolve().is_file()


@pytest.mark.slow
def test_the_metadata_say_what_it_is(site: Path, instrument: Instrument) -> None:
    own = site / "instruments" / "toy"
    facts = read(own / "instrument.json")
    assert (facts["title"], facts["licence"]) == ("Toy", "CC0")
    assert (facts["sample_rate"], facts["hop_length"], facts["frame_rate"]) == (16000, 64, 250.0)
    assert facts["ddsp_tf_version"]
    assert instrument.statistics is not None
    np.testing.assert_allclose(facts["f0_hz_range"], instrument.statistics.f0_hz_range)
    np.testing.assert_allclose(facts["loudness_db_range"], instrument.statistics.loudness_db_range)
    for parity in facts["parity"].values():
        assert all(0.0 <= error < 1e-4 for error in parity["errors"].values())
    for file, checksum in facts["sha256"].items():
        assert hashlib.sha256((own / file).read_bytes()).hexdigest() == checksum


@pytest.mark.slow
def test_the_room_is_stored_without_the_dry_sound(site: Path, instrument: Instrument) -> None:
    taps = np.fromfile(site / "instruments" / "toy" / "impulse_response.f32", "<f4")
    expected = instrument.model.processor_group.processors[-1].impulse_response.numpy()
    assert taps[0] == 0.0
    np.testing.assert_array_equal(taps[1:], expected[1:])


@pytest.mark.slow
def test_the_runtime_is_the_one_that_its_readme_describes(site: Path) -> None:
    text = (site / "runtime" / "README.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:4] for line in text.splitlines() if line.startswith("| litert")]
    assert len(rows) == 3
    for name, size, checksum in ([cell.strip() for cell in row] for row in rows):
        content = (site / "runtime" / name).read_bytes()
        assert len(content) == int(size)
        assert hashlib.sha256(content).hexdigest() == checksum


@pytest.mark.slow
def test_the_page_asks_nobody_else(site: Path) -> None:
    page = (site / "index.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    for path in [*site.glob("*.html"), *site.glob("*.css"), *site.glob("*.js")]:
        text = path.read_text(encoding="utf-8").replace("http://localhost/…", "")
        assert "http://" not in text, path
        assert "https://" not in text.replace("https:// or", ""), path


@pytest.mark.slow
def test_a_second_instrument_joins_the_first(copied: Path, instrument: Instrument) -> None:
    before = content_of(copied / "instruments" / "toy")
    assert export_web(instrument, copied, name="Other one!").instruments == ("toy", "other-one")
    assert content_of(copied / "instruments" / "toy") == before
    assert [x["title"] for x in read(copied / "site.json")["instruments"]] == ["Toy", "Toy"]


@pytest.mark.slow
def test_an_instrument_is_not_replaced_unasked(copied: Path, instrument: Instrument) -> None:
    before = content_of(copied)
    with pytest.raises(OutputError, match=r"has an instrument `toy`\. Pass --overwrite"):
        export_web(instrument, copied)
    assert content_of(copied) == before
    assert export_web(instrument, copied, overwrite=True).instruments == ("toy",)


def test_a_folder_that_is_no_page_is_kept(tmp_path: Path, instrument: Instrument) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("mine")
    with pytest.raises(OutputError, match="exists"):
        export_web(instrument, tmp_path / "mine")
    with pytest.raises(OutputError, match="is not a page that ddsp_tf wrote"):
        export_web(instrument, tmp_path / "mine", overwrite=True)
    assert (tmp_path / "mine" / "letter.txt").read_text() == "mine"


@pytest.mark.slow
def test_what_others_put_into_a_page_is_kept(copied: Path, instrument: Instrument) -> None:
    (copied / "take.wav").write_text("mine")
    before = content_of(copied)
    for options in ({"name": "other"}, {"overwrite": True}):
        with pytest.raises(OutputError, match=r"take\.wav` is not part of a page"):
            export_web(instrument, copied, **options)
    assert content_of(copied) == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "something else"}, "not of a page that ddsp_tf wrote"),
        ({"format_version": 99}, "format version 99"),
        ({"instruments": [{"name": "../../etc"}]}, "names an instrument"),
        ({"instruments": "toy"}, "damaged"),
    ],
)
def test_a_damaged_list_is_refused(
    copied: Path, instrument: Instrument, change: dict[str, Any], message: str
) -> None:
    path = copied / "site.json"
    path.write_text(json.dumps({**read(path), **change}))
    before = content_of(copied)
    with pytest.raises(ExportError, match=message):
        export_web(instrument, copied, name="other")
    assert content_of(copied) == before


@pytest.mark.slow
def test_a_link_out_of_a_site_is_not_copied(
    copied: Path, instrument: Instrument, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("password")
    decoder = copied / "instruments" / "toy" / "decoder.tflite"
    decoder.unlink()
    decoder.symlink_to(tmp_path / "secret")
    before = content_of(copied)
    with pytest.raises(ExportError, match=r"decoder\.tflite` is a link out of the site"):
        export_web(instrument, copied, name="other")
    assert content_of(copied) == before


@pytest.mark.slow
def test_nothing_appears_when_parity_fails(
    tmp_path: Path, instrument: Instrument, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = web._RUNTIME.run

    def run_wrongly(content: bytes, function: str) -> Any:
        right = run(content, function)
        return lambda inputs: {key: x * 1.01 for key, x in right(inputs).items()}

    monkeypatch.setattr(web, "_RUNTIME", replace(web._RUNTIME, run=run_wrongly))
    monkeypatch.setattr(web, "make_decoder", make_decoder)
    with pytest.raises(ExportError, match="does not equal the one in Python"):
        export_web(instrument, tmp_path / "site")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_parity_is_measured_without_the_optional_interpreter(
    site: Path, instrument: Instrument, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise ExportError("not installed")

    monkeypatch.setattr(type(web.LITERT), "require", lambda self: refuse())
    content = (site / "instruments" / "toy" / "decoder.tflite").read_bytes()
    inputs = {
        "f0_scaled": np.array([0.5], np.float32),
        "loudness_scaled": np.array([0.5], np.float32),
        "state": np.zeros(read(site / "instruments/toy/instrument.json")["n_state"], np.float32),
    }
    assert np.isfinite(web._run(content, "step")(inputs)["amplitudes"]).all()


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        (lambda: small_instrument(n_z=4), "has an encoder"),
        (lambda: small_instrument(crop=64), "Crop"),
        (lambda: small_instrument(192000), "Browsers play 8000 to 96000 Hz"),
    ],
)
def test_what_a_page_cannot_play_is_refused_first(
    tmp_path: Path, refused: Any, message: str
) -> None:
    with pytest.raises(DdspError, match=message):
        export_web(refused(), tmp_path / "site")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [("Violin", "violin"), ("../../etc", "etc"), ("Ünï", "n"), ("", "instrument"), ("A b", "a-b")],
)
def test_names_are_safe_in_addresses(text: str, name: str) -> None:
    assert name_instrument(text) == name
