// Folds what lies behind the figures, opens notes at the cells of tables, and fetches plotly for who wants to explore.
// Without this script the drawings, the words and the tables stand open, and notes open at the numbers of sentences.
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const ROWS = 20; // rows of a long table that stand open

  const addButton = (words, about, act) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = words;
    if (about) button.setAttribute("aria-label", `${words}: ${about}`);
    button.addEventListener("click", () => act(button));
    return button;
  };

  // Exploring: plotly draws what the page has drawn, with the page's colors, and tells the number under the pointer.
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const COLORS = {
    "#1b2733": "ink", "#566473": "muted", "#d8dee4": "rule", "#ffffff": "paper", "#0b5a8a": "accent", "#5b93b8": "mid",
    "#c9dbe7": "pale", "#b4530a": "contrast", "#e8994f": "light", "#8794a1": "neutral", "#f4f6f8": "land",
  };
  const recolor = (text) => {
    const page = getComputedStyle(document.documentElement);
    return text.replace(/#[0-9a-f]{6}/g, (color) => (page.getPropertyValue(`--${COLORS[color]}`) || color).trim());
  };

  // The page shows title and source in words of its own, so the drawing does not repeat them.
  const read = (figure, width) => {
    const drawing = JSON.parse(recolor(figure.querySelector("script").textContent));
    const layout = drawing.layout;
    delete layout.title;
    layout.annotations = (layout.annotations || []).filter((note) => note.name !== "foot");
    layout.margin = { l: 4, r: 12, t: 8, b: 8 };
    layout.height = layout.yaxis.scaleanchor ? Math.min(layout.meta.height, width * 0.72 + 40) : layout.meta.height;
    return drawing;
  };

  let plotly;
  const fetchPlotly = () =>
    (plotly ||= new Promise((done) => {
      const script = document.createElement("script");
      const inside = document.getElementById("plotly"); // the edition in one file holds it as text
      script.addEventListener("load", done);
      if (inside) script.textContent = inside.textContent;
      else script.src = "assets/plotly-basic.min.js";
      document.head.append(script);
      if (inside) done();
    }));

  const draw = (live) => {
    const { data, layout, config } = read(live.closest("figure"), live.clientWidth);
    return Plotly.react(live, data, layout, config);
  };

  const explore = async (figure, button) => {
    const live = figure.querySelector(".live");
    live.hidden = !live.hidden;
    button.setAttribute("aria-pressed", String(!live.hidden));
    if (live.hidden) return;
    await fetchPlotly();
    await draw(live);
    live.dataset.drawn = "yes";
  };

  const offerPlotly = (figure) => {
    const live = document.createElement("div");
    live.className = "live";
    live.hidden = true;
    figure.querySelector(".plot").prepend(live);
    const title = figure.querySelector("h3").textContent;
    const button = addButton("Explore", title, (own) => explore(figure, own));
    button.setAttribute("aria-pressed", "false");
    figure.querySelector(".about").append(button);
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
    const fold = (short) => {
      table.classList.toggle("short", short);
      button.textContent = short ? `Show all ${count} rows` : `Show the first ${ROWS} rows`;
      button.setAttribute("aria-expanded", String(!short));
      markScrollers();
    };
    const button = addButton("", "", () => fold(!table.classList.contains("short")));
    table.closest(".scroll").after(button);
    fold(true);
  };

  // A cell as a file holds it: plain numbers, nothing where a number is missing, and no formula.
  const writeCell = (cell) => {
    const text = cell.querySelector(".missing") ? "" : cell.textContent.trim();
    const bare = text.replace("−", "-");
    const safe = /^-?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?$/.test(bare) ? bare.replaceAll(",", "") : text.replace(/^[=+@-]/, "'$&");
    return `"${safe.replaceAll('"', '""')}"`;
  };

  const save = (table, name) => {
    const lines = [...table.rows].map((row) => [...row.cells].map(writeCell).join(","));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([`\ufeff${lines.join("\r\n")}\r\n`], { type: "text/csv" }));
    link.download = `${name}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  const offerTable = (figure) => {
    const table = figure.querySelector("table");
    const title = figure.querySelector("h3").textContent;
    const name = figure.id.split("--").pop(); // the edition in one file puts the page's name before it
    table.closest(".scroll").after(addButton("Save as CSV", title, () => save(table, name)));
  };

  // Each number of a table opens its note. The tab key stops once at a table; the arrows go from number to number.
  const openCell = (cell, note) => {
    const table = cell.closest("table");
    const head = table.tHead.rows[0].cells[cell.cellIndex];
    const said = head.dataset.basis; // of the column; "row": as the row says
    const basis = said === "row" ? cell.closest("tr").querySelector(".basis")?.textContent : said;
    const place = `${cell.closest("tr").cells[0].textContent}, ${head.textContent}`;
    note.querySelector(".which").textContent = `${place}: ${cell.textContent}${basis ? `, ${basis}` : ""}`;
    note.showPopover({ source: cell });
  };

  const isNumber = (cell) => /\d/.test(cell.textContent);

  const next = (cell, key) => {
    const cells = all("tbody td", cell.closest("table")).filter(isNumber);
    const along = key === "ArrowLeft" || key === "ArrowRight" ? "parentElement" : "cellIndex";
    const line = cells.filter((other) => other[along] === cell[along]);
    return line[line.indexOf(cell) + (key === "ArrowLeft" || key === "ArrowUp" ? -1 : 1)];
  };

  const goTo = (cell, from) => {
    from.tabIndex = -1;
    cell.tabIndex = 0;
    cell.focus();
  };

  const openCells = (table) => {
    const note = document.getElementById(table.closest("[data-note]")?.dataset.note);
    const first = note && all("tbody td", table).find(isNumber);
    if (!first) return;
    table.setAttribute("role", "grid");
    first.tabIndex = 0;
    table.addEventListener("click", ({ target }) => {
      const cell = target.closest("tbody td");
      if (cell && isNumber(cell) && !target.closest("a, button")) openCell(cell, note);
    });
    table.addEventListener("keydown", (event) => {
      const cell = event.target;
      const other = event.key.startsWith("Arrow") && cell.matches("td") ? next(cell, event.key) : null;
      if (cell.matches("td") && (event.key === "Enter" || event.key === " ")) openCell(cell, note);
      else if (other) goTo(other, cell);
      else return;
      event.preventDefault();
    });
    seen.observe(table);
  };

  // Long tables would delay the page, so their numbers are underlined when they are about to be seen.
  const seen = new IntersectionObserver(
    (entries) =>
      entries.filter((entry) => entry.isIntersecting).forEach(({ target }) => {
        seen.unobserve(target);
        all("tbody td", target).filter(isNumber).forEach((cell) => {
          cell.classList.add("opens");
          cell.setAttribute("aria-haspopup", "dialog");
        });
      }),
    { rootMargin: "100%" },
  );

  // What is wider than its place can be scrolled with the keyboard, and says so; nothing else stops the tab key.
  // All are measured before any is marked, once for all that happens at a time: each measure lays out the page.
  let waiting = 0;
  const markScrollers = () => {
    if (!waiting) waiting = requestAnimationFrame(measureAndMark);
  };
  const measureAndMark = () => {
    waiting = 0;
    const boxes = all("[data-name]").map((box) => [box, box.scrollWidth > box.clientWidth]);
    boxes.forEach(([box, wide]) => {
      const marks = { tabindex: "0", role: "region", "aria-label": box.dataset.name };
      for (const [name, value] of Object.entries(marks)) {
        wide ? box.setAttribute(name, value) : box.removeAttribute(name);
      }
    });
  };

  all("details.numbers, details.others").forEach((details) => (details.open = false));
  const folded = window.innerWidth < 1080 || document.body.classList.contains("page-index");
  if (folded) all(".menu details").forEach((details) => (details.open = false));
  if (window.innerWidth < 560) all("details.rows").forEach((details) => (details.open = false));
  all(".wide").forEach(headCells);
  all("figure.chart").forEach(offerPlotly);
  all("figure.chart, figure.table").forEach(offerTable);
  all("figure.table table").forEach(shorten);
  all("table").forEach(openCells);
  all(".switch").forEach((box) => box.addEventListener("change", markScrollers));
  all("details").forEach((details) => details.addEventListener("toggle", markScrollers));
  markScrollers();
  window.addEventListener("resize", markScrollers);
  window.addEventListener("hashchange", markScrollers); // a link can show a hidden piece of code
  dark.addEventListener("change", () => all(".live[data-drawn]:not([hidden])").forEach(draw));
  window.addEventListener("beforeprint", () => all("details").forEach((details) => (details.open = true)));
})();
