// Draws the charts and folds what lies behind them. Without this script the words and the tables stand open.
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const ROWS = 20; // rows of a long table that stand open

  // Colors of the charts in the dark; on paper they are as they were drawn.
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const DARK = {
    "#1b2733": "#e8edf2", "#566473": "#a3b1bf", "#d8dee4": "#36414d", "#ffffff": "#12181f", "#f4f6f8": "#1b242d",
    "#0b5a8a": "#7cc0ee", "#5b93b8": "#4d86ab", "#c9dbe7": "#2f4a5e", "#b4530a": "#f0a35e", "#e8994f": "#b9702f",
    "#8794a1": "#7d8b99",
  };
  const recolor = (text) => text.replace(/#[0-9a-f]{6}/g, (color) => DARK[color] || color);

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

  const read = (holder, isDark) => {
    const text = holder.parentElement.querySelector("script").textContent;
    return prepare(JSON.parse(isDark ? recolor(text) : text), holder.clientWidth);
  };

  const draw = async (holder) => {
    const figure = read(holder, dark.matches);
    holder.replaceChildren();
    holder.style.minHeight = `${figure.layout.height}px`;
    await Plotly.newPlot(holder, figure.data, figure.layout, figure.config);
    holder.dataset.drawn = "yes";
  };

  const drawn = () => all(".plot[data-drawn]");
  const redraw = (isDark) =>
    drawn().forEach((holder) => {
      const figure = read(holder, isDark);
      Plotly.react(holder, figure.data, figure.layout, figure.config);
    });

  // A sheet of paper is narrower than a screen, and a figure must not be cut in two.
  const fitPaper = () => {
    all("details.numbers, details.rows").forEach((details) => (details.open = true));
    if (dark.matches) redraw(false);
    drawn().forEach((holder) =>
      Plotly.relayout(holder, { width: 640, height: Math.min(holder._fullLayout.height, 700) }));
  };
  const fitScreen = () => {
    if (dark.matches) redraw(true);
    drawn().forEach((holder) =>
      Plotly.relayout(holder, { width: null, height: parseInt(holder.style.minHeight), autosize: true }));
  };

  // A phone shows each row of a wide table as a block, where each cell needs its column's head.
  const headCells = (table) => {
    const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
    all("tbody td", table).forEach((cell) => (cell.dataset.head = heads[cell.cellIndex]));
    table.classList.add("headed");
  };

  const shorten = (table) => {
    const count = table.tBodies[0].rows.length;
    if (count <= ROWS + 5) return;
    const button = document.createElement("button");
    const fold = (short) => {
      table.classList.toggle("short", short);
      button.textContent = short ? `Show all ${count} rows` : `Show the first ${ROWS} rows`;
      button.setAttribute("aria-expanded", String(!short));
      markScrollers();
    };
    button.type = "button";
    button.addEventListener("click", () => fold(!table.classList.contains("short")));
    table.closest(".scroll").after(button);
    fold(true);
  };

  // A cell as a file holds it: plain numbers, nothing where a number is missing, and no formula.
  const writeCell = (cell) => {
    const text = cell.querySelector(".missing") ? "" : cell.textContent.trim();
    const bare = text.replaceAll(",", "").replace("−", "-");
    const safe = /^-?\d+(\.\d+)?$/.test(bare) ? bare : text.replace(/^[=+@-]/, "'$&");
    return `"${safe.replaceAll('"', '""')}"`;
  };

  const offerTable = (figure) => {
    const table = figure.querySelector("table");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Save as CSV";
    button.setAttribute("aria-label", `Save as CSV: ${figure.querySelector("h3").textContent}`);
    button.addEventListener("click", () => {
      const lines = [...table.rows].map((row) => [...row.cells].map(writeCell).join(","));
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([`\ufeff${lines.join("\r\n")}\r\n`], { type: "text/csv" }));
      link.download = `${figure.id}.csv`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
    table.closest(".scroll").after(button);
  };

  // What is wider than its place can be scrolled with the keyboard, and says so; nothing else stops the tab key.
  const markScrollers = () =>
    all("[data-name]").forEach((box) => {
      const wide = box.scrollWidth > box.clientWidth;
      const marks = { tabindex: "0", role: "region", "aria-label": box.dataset.name };
      for (const [name, value] of Object.entries(marks)) {
        wide ? box.setAttribute(name, value) : box.removeAttribute(name);
      }
    });

  all("details.numbers").forEach((details) => (details.open = false));
  if (window.innerWidth < 1080) all(".menu details").forEach((details) => (details.open = false));
  if (window.innerWidth < 560) all("details.rows").forEach((details) => (details.open = false));
  all(".wide").forEach(headCells);
  all("figure.chart, figure.table").forEach(offerTable);
  all("figure.table table").forEach(shorten);
  all(".switch").forEach((box) => box.addEventListener("change", markScrollers));
  all("details").forEach((details) => details.addEventListener("toggle", markScrollers));
  markScrollers();
  document.fonts.ready.then(() => {
    all(".plot").forEach(draw);
    markScrollers();
  });
  window.addEventListener("resize", markScrollers);
  window.addEventListener("hashchange", markScrollers); // a link can show a hidden piece of code
  dark.addEventListener("change", () => redraw(dark.matches));
  window.addEventListener("beforeprint", fitPaper);
  window.addEventListener("afterprint", fitScreen);
})();
