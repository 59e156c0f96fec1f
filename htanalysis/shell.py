"""What an interactive shell gets: the names of data sets are completed, and pandas plots with plotly."""

import re

import pandas as pd
from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher
from IPython.core.interactiveshell import InteractiveShell

from htanalysis.data import list_described

#: A call that names a data set, as far as it is typed.
_NAMING = re.compile(r"""\b(?:load|describe)\(\s*["'](\w*)$""")


def prepare(shell: InteractiveShell) -> None:
    """Teach a shell the names of the data sets, and let pandas plot with plotly, since no matplotlib is needed."""
    pd.set_option("plotting.backend", "plotly")
    if shell.Completer and _complete not in shell.Completer.custom_matchers:
        shell.Completer.custom_matchers.append(_complete)


@context_matcher()
def _complete(context: CompletionContext) -> SimpleMatcherResult:
    typed = _NAMING.search(context.text_until_cursor)
    if not typed:
        return {"completions": []}
    names = [entry["name"] for entry in list_described() if entry["name"].startswith(typed[1])]
    completions = [SimpleCompletion(text=name, type="string") for name in names]
    return {"completions": completions, "matched_fragment": typed[1], "suppress": bool(names)}
