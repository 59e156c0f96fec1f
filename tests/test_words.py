"""Words: what is read as markup, and what as words."""

import pytest

from htanalysis.words import polish, write_markdown


@pytest.mark.parametrize(
    "page",
    [
        "<p title=\"it's > that's\" data-x='San Jose/South Bay \"x\" >'>x</p>",
        '<script type="application/json">{"a": "it\'s </p> San Jose/South Bay &#39;"}</script>',
        "<style>p::after { content: 'it's' }</style><p>1 < 2</p>",
        "<!DOCTYPE html><svg><line x1='1'/><text>§</text></svg><br><hr>",
    ],
)
def test_what_is_no_word_stays_as_it_is(page):
    assert polish(page) == page


def test_a_comment_is_left_out_and_words_around_it_are_read():
    assert polish("<p>it's <!-- it's > <p> --> it's</p>") == "<p>it’s  it’s</p>"


def test_a_term_in_a_quiet_place_is_not_explained_and_an_address_is_read_once():
    text = polish('<main><p class="a origin b">ILO</p><p class="noorigin"><a href="?a=1&amp;b=2">x</a> ILO</p></main>')
    assert text.count('class="term"') == 1 and text.index('class="term"') > text.index("noorigin")
    assert "<li>?a=1&amp;b=2</li>" in text


def test_markdown_that_is_changed_is_written_anew():
    assert "one" in write_markdown("## one") and "two" in write_markdown("## two")
