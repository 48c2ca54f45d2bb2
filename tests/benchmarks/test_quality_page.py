"""The comparison gets from an evaluation into a page, and nothing else of the page changes."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

ROOT = Path(__file__).parents[2]


@pytest.fixture
def page(tmp_path: Path) -> Path:
    page = tmp_path / "quality.md"
    page.write_text(
        "before\n<!-- comparison: written by scripts/benchmarks/quality.py -->\nold\n"
        "<!-- end of the comparison -->\nafter\n"
    )
    (tmp_path / "images").mkdir()
    return page


def test_the_comparison_gets_into_the_page(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts" / "benchmarks"))
    from quality import publish

    evaluation = tmp_path / "evaluation"
    arguments = [str(evaluation), "--docs", str(page)]
    evaluation.mkdir()
    refused = CliRunner().invoke(publish, arguments)
    assert "holds no comparison" in str(refused.exception)
    (evaluation / "comparison.md").write_text("### Reconstruction\n\n| a |\n")
    results = {
        "overall": {"seconds": 52.6, "voiced_s": 20.2},
        "recordings": [{"name": "one"}, {"name": "one"}, {"name": "two"}],
    }
    (evaluation / "evaluation.json").write_text(json.dumps(results))
    (evaluation / "spectrogram-0.png").write_bytes(b"picture")
    result = CliRunner().invoke(publish, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "53 s of 2 recordings, 20 s of it" in text
    assert "| a |" in text
    assert (tmp_path / "images" / "quality_spectrogram.png").read_bytes() == b"picture"
