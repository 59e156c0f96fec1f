"""Words: terms that are explained, words that do not part, links on paper, and what a notebook may bring of HTML."""

import re

from htanalysis.report.glossary import Words, mend, show_marks


def test_words_that_belong_together_do_not_part_and_apostrophes_are_round():
    assert (
        mend("the agencies' San Jose/South Bay") == "the agencies’ San\N{NO-BREAK SPACE}Jose/South\N{NO-BREAK SPACE}Bay"
    )
    text = Words().write_markdown("# California&#39;s\n\n§ 999 &amp; it's `it's § 1`")
    assert ">California’s</h1>" in text and "§\N{NO-BREAK SPACE}999 &amp; it’s <code>it&#39;s § 1</code>" in text


def test_a_term_is_explained_where_it_first_stands_in_running_text():
    words = Words()
    text = words.write_markdown("## CJIS\n\n[CJIS](#) `CJIS`\n\n| CJIS |\n| --- |\n| CJIS |\n\nTo CJIS, and CJIS.")
    assert text.count('class="term"') == 1 and words.terms == ["CJIS"]
    opens = '<dfn><button type="button" class="term" popovertarget="word-cjis">CJIS</button></dfn>'
    assert f"<p>To {opens}, and CJIS.</p>" in text and words.explain("CJIS, & ILO").startswith("CJIS, &amp; <dfn>")


def test_links_are_numbered_for_paper_and_lead_to_files_by_their_names():
    words = Words("-internal", {"detect"})
    text = words.write_markdown("[A](a.html#x) [B](notebooks/b.ipynb) [A](a.html#x) `detect(x)` `other`")
    numbered = re.findall(r'>(\w)</a><span class="on-paper"> \(link (\d)\)</span>', text)
    assert numbered == [("A", "1"), ("B", "2"), ("A", "1")]
    assert list(words.links) == ["a-internal.html#x", "notebooks/b-internal.ipynb"]
    assert '<a href="#detect"><code>detect(x)</code></a>' in text and "<code>other</code></p>" in text


def test_an_address_is_read_once_and_what_runs_is_no_link():
    words = Words()
    text = words.write_markdown("[x](?a=1&b=2) [y](javascript:run())")
    assert '<a href="?a=1&amp;b=2">x</a>' in text and "javascript" not in text
    assert next(iter(words.links)) == "?a=1&b=2"


def test_html_of_a_notebook_is_shown_as_text_unless_it_only_sets_words():
    text = Words().write_markdown("H<sub>2</sub>O <!-- > --> <b onclick=a()>b</b>\n\n<script>c()</script>")
    assert "H<sub>2</sub>O" in text and "<b>b</b>" in text and "&lt;script&gt;c()" in text and "onclick" not in text


def test_marks_that_turn_the_direction_of_reading_are_shown():
    assert show_marks("a\u202eb\u200bc") == "a\\u202eb\\u200bc"


def test_a_formula_is_set_without_a_script_and_an_amount_of_money_is_none():
    text = Words().write_markdown("Let $t$ be it:\n\n$$\\frac{a}{b_1}$$\n\nFor $100 or $200, and $\\frac{$.")
    assert '<math display="inline"><mrow><mi>t</mi></mrow></math> be' in text
    assert 'display="block"><mrow><mfrac><mrow><mi>a</mi></mrow><mrow><msub><mi>b</mi><mn>1</mn></msub></mrow>' in text
    assert "For $100 or $200, and $\\frac{$." in text
