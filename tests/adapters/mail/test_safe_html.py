"""HTML of strangers: shown, it fetches nothing, runs nothing and tells nobody (B-045, F19)."""

from __future__ import annotations

import pytest

from adapters.mail.safe_html import harmless
from tests.peers.fetching import fetches

PICTURE = "https://traccia.example/1.gif"


@pytest.mark.parametrize(
    "html",
    [
        f'<img src="{PICTURE}">', f"<IMG SRC={PICTURE}>", f'<img srcset="{PICTURE} 2x" src="cid:a">',
        '<img src="//traccia.example/1.gif">', '<img src="/1.gif">', '<img src=" \n https://traccia.example/1.gif">',
        '<img src="data:image/svg+xml,<svg onload=alert(1)>">', f'<body background="{PICTURE}">x',
        f'<table background="{PICTURE}"><tr><td>x</table>', f'<div style="background:url({PICTURE})">x</div>',
        f"<style>@import url({PICTURE});</style>", f'<link rel=prefetch href="{PICTURE}">', "<script>alert(1)</script>",
        f'<iframe src="{PICTURE}"></iframe>', f'<video poster="{PICTURE}"></video>', '<form action="//x"></form>',
        '<svg><image href="//x"/></svg>', "<img src=x onerror=alert(1)>", f'<object data="{PICTURE}"></object>',
        '<meta http-equiv="refresh" content="0;url=//x">', '<base href="//x">', f'<input type=image src="{PICTURE}">',
        '<math><mtext><table><mglyph><style><img src="//x"></style></mglyph></table></mtext></math>',
        "<noscript><p title='</noscript><img src=//x onerror=alert(1)>'></noscript>", f"<image src={PICTURE}>",
        f'<a href="https://x.example" ping="{PICTURE}">x</a>',
    ],
)  # fmt: skip
def test_nothing_is_fetched_and_nothing_runs(html: str) -> None:
    """B-045: remote image, remote font, prefetch."""
    shown = harmless(f"<p>Prima</p>{html}<p>Dopo</p>")
    assert fetches(shown) == []
    assert "traccia.example" not in shown.replace('href="https://traccia.example', "")
    assert "alert(1)" not in shown or "<" not in shown.partition("alert(1)")[2][:1]


@pytest.mark.parametrize("html", ["<script>1</script>", f'<img src="{PICTURE}">', '<p style="a">', "<p onclick=1>"])
def test_the_check_sees_what_would_be_fetched(html: str) -> None:
    assert fetches(html)


def test_pictures_that_came_with_the_mail_and_links_stay() -> None:
    shown = harmless('<p>Vedi <a href="https://ente.example/a?b=c">qui</a> <img src="cid:logo@x" width="10"></p>')
    assert 'href="https://ente.example/a?b=c"' in shown
    assert 'rel="noopener noreferrer nofollow"' in shown
    assert '<img src="cid:logo@x" width="10">' in shown


@pytest.mark.parametrize(
    "href", ["javascript:alert(1)", " JaVaScRiPt:alert(1)", "data:text/html,x", "file:///etc/passwd"]
)
def test_a_link_that_runs_or_reads_something_leads_nowhere(href: str) -> None:
    """B-036."""
    assert "href" not in harmless(f'<a href="{href}">qui</a>')


def test_html_deeper_than_anybody_writes_is_shown_as_its_text() -> None:
    shown = harmless("<div>" * 20_000 + "ciao" + "</div>" * 20_000)
    assert shown.startswith("<pre>")
    assert "<div" not in shown
