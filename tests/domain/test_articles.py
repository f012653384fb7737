from __future__ import annotations

import pytest

from gateway.domain.articles import joined
from gateway.domain.texts import Catalogue, Text


@pytest.mark.parametrize(
    ("preposition", "name", "told"),
    [
        ("da", "il Comune di Cagliari", "dal Comune di Cagliari"),
        ("da", "la Camera di Commercio", "dalla Camera di Commercio"),
        ("da", "l’Acquirente", "dall’Acquirente"),
        ("da", "l'Acquirente", "dall’Acquirente"),
        ("da", "Servizio di primo livello di SardegnaIT", "dal Servizio di primo livello di SardegnaIT"),
        ("da", "Help desk di primo livello di INPDAP", "dall’Help desk di primo livello di INPDAP"),
        ("a", "Responsabile dell’assistenza", "al Responsabile dell’assistenza"),
        ("a", "Ufficio Tributi del Comune", "all’Ufficio Tributi del Comune"),
        ("a", "Sportello Unico", "allo Sportello Unico"),
        ("di", "Licenziatario", "del Licenziatario"),
        ("presso", "sede di SardegnaIT, Cagliari", "presso la sede di SardegnaIT, Cagliari"),
        ("presso", "Comune di Sassari", "presso il Comune di Sassari"),
        ("presso", "la sede da concordare", "presso la sede da concordare"),
        ("presso", "Alghero", "presso Alghero"),
        ("da", "Consip", "da Consip"),
        ("di", "Ilaria", "di Ilaria"),
        ("di", "", "di "),
    ],
)
def test_a_preposition_takes_the_article_of_the_name(preposition: str, name: str, told: str) -> None:
    assert joined(preposition, name) == told


def test_only_what_stands_right_before_a_value_is_joined_and_only_in_italian() -> None:
    """What people wrote stays as they wrote it."""
    text = Text("T-X", "", "chiesto a {office}: {text}")
    told = {"office": "Responsabile", "text": "vengo da il mare, di Comune in Comune"}
    italian, english = (Catalogue({"T-X": text}, language).fill("T-X", told).body for language in ("it", "en"))
    assert italian == "chiesto al Responsabile: vengo da il mare, di Comune in Comune"
    assert english == "chiesto a Responsabile: vengo da il mare, di Comune in Comune"
