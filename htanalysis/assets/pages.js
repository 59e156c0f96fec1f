// Draws the charts and folds what lies behind them. Without this script the words and the tables stand open.
(() => {
  "use strict";
  const phone = () => window.innerWidth < 560;

  // The page shows title and source in words of its own, so the drawing does not repeat them.
  const prepare = (figure) => {
    const layout = figure.layout;
    delete layout.title;
    layout.annotations = (layout.annotations || []).filter((note) => note.name !== "foot");
    layout.autosize = true;
    layout.margin = { l: 4, r: 12, t: 8, b: 8 };
    const legend = (layout.template.layout.legend = layout.template.layout.legend || {});
    legend.font = { size: phone() ? 13 : 14 };
    layout.height -= 76;
    return figure;
  };

  const draw = async (holder) => {
    const figure = prepare(JSON.parse(holder.parentElement.querySelector("script").textContent));
    holder.replaceChildren();
    holder.style.minHeight = `${figure.layout.height}px`;
    await Plotly.newPlot(holder, figure.data, figure.layout, figure.config);
    holder.dataset.drawn = "yes";
  };

  const resize = () =>
    document.querySelectorAll(".plot[data-drawn]").forEach((holder) => Plotly.Plots.resize(holder));

  document.querySelectorAll("details.numbers").forEach((details) => (details.open = false));
  if (window.innerWidth < 1080) {
    document.querySelectorAll(".menu details").forEach((details) => (details.open = false));
  }
  document.fonts.ready.then(() => document.querySelectorAll(".plot").forEach(draw));
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details.numbers").forEach((details) => (details.open = true));
    resize();
  });
  window.addEventListener("afterprint", resize);
  window.matchMedia("print").addEventListener("change", resize);
})();
