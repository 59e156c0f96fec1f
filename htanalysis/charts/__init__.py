"""Charts: a result drawn, as SVG on a page and with plotly in a notebook."""
