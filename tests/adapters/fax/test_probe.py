"""`check --connect` says in words whether faxes can be read by a machine here."""

from __future__ import annotations

from pathlib import Path

from config.commands.probes import Probe, probes
from config.settings import Settings

BOX = {
    "name": "fax", "host": "127.0.0.1", "port": 1, "user": "fax", "password": {"file": "pw"}, "tls": "none",
    "kind": "fax", "timeout": "1s",
}  # fmt: skip


def about_text(folder: Path, **fax: object) -> list[Probe]:
    (folder / "pw").write_text("geheim-segreto")
    told = {"gateway": {"default_contract": "c02-comune"}, "mailbox": [BOX], "fax": fax}
    told["database"] = {"url": "sqlite:///none.db"}
    settings = Settings.model_validate(told, context={"folder": folder, "read_secrets": True})
    return [probe for probe in probes(settings) if probe.door == "fax text"]


def test_a_program_that_is_missing_is_told_with_the_remedy(tmp_path: Path) -> None:
    (probe,) = about_text(tmp_path, ocr_program="nowhere-to-be-found")
    assert probe.ok is False
    assert "nowhere-to-be-found is not installed" in probe.said
    assert "apt install tesseract-ocr-ita" in probe.said


def test_where_nothing_is_to_be_read_nothing_is_tried(tmp_path: Path) -> None:
    assert about_text(tmp_path, ocr=False) == []
