from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from adapters.store import SqlStore, migrate, open_store
from config.main import app

SHIPPED = Path(__file__).parents[2] / "config"


@pytest.fixture(scope="session", autouse=True)
def commands_made_once() -> Iterator[None]:
    """The runner makes all commands anew for each one that is tried, which takes a third of its time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.testing._get_command", cache(get_command))
        yield


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command said, and how it ended."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever the command's JSON is
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Desk:
    """A shell on a site: the shipped configuration, a real SQLite file."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "gateway.toml"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / 'centralino.db'}"

    def run(self, *words: object, who: str | None = "elena") -> Answer:
        """One command, in this process, as the operator `who`."""
        environment = {"CENTRALINO_CONFIG": str(self.config), "CENTRALINO_OPERATOR": who}
        result = CliRunner().invoke(app, [str(word) for word in words], env=environment)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Answer(result.exit_code, result.stdout_bytes, result.stderr)

    def done(self, *words: object) -> Answer:
        """One command that must succeed."""
        answer = self.run(*words)
        assert answer.code == 0, answer.err
        return answer

    def open(self, subject: str = "Stampante ferma", contract: str = "c02-comune") -> int:
        """A new ticket's number."""
        said = ("--subject", subject, "--text", "Non stampa", "--from", "mario@comune.example")
        number: int = self.done("ticket", "open", "--contract", contract, *said, "--json").json["number"]
        return number

    def show(self, number: int) -> Any:  # noqa: ANN401 - the document of `ticket show`
        return self.done("ticket", "show", number, "--json").json

    def store(self) -> SqlStore:
        return open_store(self.url, self.folder / "blobs", threaded=False)

    def change(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))


@pytest.fixture(scope="session")
def site_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped configuration with a signing key and an empty database, to be copied."""
    folder = tmp_path_factory.mktemp("site")
    for name in ("gateway.toml", "people.toml", "roster.toml"):
        shutil.copy(SHIPPED / name, folder)
    shutil.copytree(SHIPPED / "contracts", folder / "contracts")
    (folder / "signing.key").write_text(secrets.token_hex(32))
    with (folder / "gateway.toml").open("a") as file:
        file.write('\n[signing]\nkey = {file = "signing.key"}\n')
    migrate(f"sqlite:///{folder / 'centralino.db'}")
    return folder


@pytest.fixture
def desk(site_template: Path, tmp_path: Path) -> Desk:
    folder = tmp_path / "site"
    shutil.copytree(site_template, folder)
    return Desk(folder)
