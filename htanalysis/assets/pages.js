// Draws the charts and folds what lies behind them. Without this script the words and the tables stand open.
(() => {
  "use strict";
  // The page shows title and source in words of its own, so the drawing does not repeat them.
  const prepare = (figure, width) => {
    const layout = figure.layout;
    delete layout.title;
    layout.annotations = (layout.annotations || []).filter((note) => note.name !== "foot");
    layout.autosize = true;
    layout.margin = { l: 4, r: 12, t: 8, b: 8 };
    layout.height = layout.meta.height;
    if (layout.yaxis.scaleanchor) layout.height = Math.min(layout.height, width * 0.72 + 40); // a map keeps its shape
    return figure;
  };

  const draw = async (holder) => {
    const text = holder.parentElement.querySelector("script").textContent;
    const figure = prepare(JSON.parse(text), holder.clientWidth);
    holder.replaceChildren();
    holder.style.minHeight = `${figure.layout.height}px`;
    await Plotly.newPlot(holder, figure.data, figure.layout, figure.config);
    holder.dataset.drawn = "yes";
  };

  const drawn = () => document.querySelectorAll(".plot[data-drawn]");

  // A sheet of paper is narrower than a screen, and a figure must not be cut in two.
  const fitPaper = () => {
    document.querySelectorAll("details.numbers").forEach((details) => (details.open = true));
    drawn().forEach((holder) =>
      Plotly.relayout(holder, { width: 640, height: Math.min(holder._fullLayout.height, 860) }));
  };
  const fitScreen = () =>
    drawn().forEach((holder) =>
      Plotly.relayout(holder, { width: null, height: parseInt(holder.style.minHeight), autosize: true }));

  document.querySelectorAll("details.numbers").forEach((details) => (details.open = false));
  if (window.innerWidth < 1080) {
    document.querySelectorAll(".menu details").forEach((details) => (details.open = false));
  }
  document.fonts.ready.then(() => document.querySelectorAll(".plot").forEach(draw));
  window.addEventListener("beforeprint", fitPaper);
  window.addEventListener("afterprint", fitScreen);
})();
