"""Code books: frames that say, where they are shown, what to beware of in a data set."""

import html

import pandas as pd


class CodeBook(pd.DataFrame):
    """The columns of a data set; shown whole, it says first what a row is, what is left out, and all cautions."""

    def _list_cautions(self) -> list[str]:
        facts = self.attrs
        cautions = [f"{each['rows']}: {each['text']}" for each in facts["caveats"]]
        return [f"{facts['title']}. A row is {facts['row']}.", facts["left_out"], facts["not_for"], *cautions]

    def __repr__(self) -> str:
        return "\n".join([*self._list_cautions(), super().__repr__()])

    def _repr_html_(self) -> str:
        told = "".join(f"<p>{html.escape(text)}</p>" for text in self._list_cautions())
        return f"{told}{super()._repr_html_()}"
