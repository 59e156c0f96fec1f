// Opens notes at the cells of tables and shortens tables. Folds and notes beside sentences need no script.
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const ROWS = 20; // rows of a long table that stand open: of quarters the last ones

  // A phone shows each row of a wide table as a block, where each cell needs its column's head.
  const headCells = (table) => {
    const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
    all("tbody td", table).forEach((cell) => (cell.dataset.head = heads[cell.cellIndex]));
    table.classList.add("headed");
  };

  const shorten = (table) => {
    const { rows } = table.tBodies[0];
    const count = rows.length;
    if (count <= ROWS + 5) return;
    const end = table.classList.toggle("late", /^\d{4}Q\d$/.test(rows[0].cells[0].textContent)) ? "last" : "first";
    const fold = (short) => {
      table.classList.toggle("short", short);
      button.textContent = short ? `Show all ${count} rows` : `Show the ${end} ${ROWS} rows`;
      button.setAttribute("aria-expanded", String(!short));
      markScrollers();
    };
    const button = Object.assign(document.createElement("button"), { type: "button" });
    button.addEventListener("click", () => fold(!table.classList.contains("short")));
    table.closest(".scroll").after(button);
    fold(true);
  };

  // Each number of a table opens its note. The tab key stops once at a table; the arrows go from number to number.
  const isNumber = (cell) => /\d/.test(cell.textContent) && cell.textContent.length < 40 && !cell.matches(".date, :has(a)");

  const makeOpener = (cell, note) => {
    if (cell.querySelector("button")) return;
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "opens", tabIndex: -1 });
    button.setAttribute("popovertarget", note.id);
    button.append(...cell.childNodes);
    cell.append(button);
  };

  // The numbers of a sentence open what the button beside it does, which is the stop of the tab key.
  const findNote = (box) => box?.querySelector(".about .opens, .origin .opens")?.popoverTargetElement;

  const openSentence = (box) => {
    all("u", box).forEach((whole) => {
      const [, before, number, after] = whole.textContent.match(/^([(“]*)(.+?)([)”.,;:?]*)$/);
      whole.textContent = number;
      makeOpener(whole, findNote(box));
      whole.prepend(before);
      whole.append(after);
    });
  };

  const tellWhich = (cell, note) => {
    const head = cell.closest("table").tHead.rows[0].cells[cell.cellIndex];
    const said = head.dataset.basis; // of the column; "row": as the row says
    const basis = said === "row" ? cell.closest("tr").querySelector(".basis")?.textContent : said;
    const place = `${cell.closest("tr").cells[0].textContent}, ${head.textContent}`;
    note.querySelector(".which").textContent = `${place}: ${cell.textContent}${basis ? `, ${basis}` : ""}`;
  };

  const next = (cell, key) => {
    const along = key === "ArrowLeft" || key === "ArrowRight" ? "parentElement" : "cellIndex";
    const cells = all("tbody td:has(.opens)", cell.closest("table"));
    const line = cells.filter((other) => other[along] === cell[along] && other.checkVisibility());
    return line[line.indexOf(cell) + (key === "ArrowLeft" || key === "ArrowUp" ? -1 : 1)];
  };

  const openCells = (table) => {
    const note = findNote(table.closest("figure, .dataset"));
    const rows = all("tbody tr", table).slice(table.matches(".late") ? -ROWS : 0);
    const first = note && rows.flatMap((row) => all("td", row)).find(isNumber);
    if (!first) return;
    makeOpener(first, note);
    first.firstChild.tabIndex = 0;
    table.addEventListener("click", ({ target }) => {
      const button = target.closest("td .opens");
      if (button) tellWhich(button.parentElement, note);
    });
    table.addEventListener("keydown", (event) => {
      const button = event.target;
      const other = event.key.startsWith("Arrow") && button.matches("td .opens") && next(button.parentElement, event.key);
      if (!other) return;
      button.tabIndex = -1;
      other.firstChild.tabIndex = 0;
      other.firstChild.focus();
      event.preventDefault();
    });
    seen.observe(table);
  };

  // Long tables would delay the page, so their numbers become buttons when they are about to be seen.
  const seen = new IntersectionObserver(
    (entries) =>
      entries.filter((entry) => entry.isIntersecting).forEach(({ target }) => {
        seen.unobserve(target);
        const note = findNote(target.closest("figure, .dataset"));
        all("tbody td", target).filter(isNumber).forEach((cell) => makeOpener(cell, note));
      }),
    { rootMargin: "100%" },
  );

  const nameTable = (box) =>
    `${box.closest("details.numbers") ? "Numbers of the figure" : "Table"}: ${box.closest("figure").querySelector("h3").textContent}`;

  // What is wider than its place can be scrolled with the keyboard, and says so; nothing else stops the tab key.
  // All are measured before any is marked, once for all that happens at a time: each measure lays out the page.
  let waiting = 0;
  const markScrollers = () => {
    if (!waiting) waiting = requestAnimationFrame(measureAndMark);
  };
  const measureAndMark = () => {
    waiting = 0;
    const boxes = all("figure .scroll, [data-name]").map((box) => [box, box.scrollWidth > box.clientWidth]);
    boxes.forEach(([box, wide]) => {
      const marks = { tabindex: "0", role: "region", "aria-label": box.dataset.name || nameTable(box) };
      for (const [name, value] of Object.entries(marks)) {
        wide ? box.setAttribute(name, value) : box.removeAttribute(name);
      }
    });
  };

  // What a note before quotes has its name alone in the file.
  const writeOut = (link) => (link.textContent = document.querySelector(`dd > [href='${link.getAttribute("href")}']`).textContent);

  // A sentence is copied with its source, and with the link to where it stands.
  const offerCopy = (button) => {
    const { copy, link, done } = button.dataset;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(`${copy} ${new URL(link, location.href)}`);
      button.textContent = done;
    });
  };

  all(".wide").forEach(headCells);
  all("figure.table table").forEach(shorten);
  all("table").forEach(openCells);
  all(".finding, .card").forEach(openSentence);
  all(".again a").forEach(writeOut);
  all("[data-copy]").forEach(offerCopy);
  all(".switch").forEach((box) => box.addEventListener("change", markScrollers));
  all("details").forEach((details) => details.addEventListener("toggle", markScrollers));
  // The policy of a page lets its own script run, and what this brings; nothing else.
  const src = `search${document.body.dataset.mark || ""}.js`;
  if (document.querySelector(".search") && !document.body.dataset.one) document.head.append(Object.assign(document.createElement("script"), { src }));
  markScrollers();
  window.addEventListener("resize", markScrollers);
  window.addEventListener("hashchange", markScrollers); // a link can show a hidden piece of code
  window.addEventListener("beforeprint", () => all("details").forEach((details) => (details.open = true)));
})();
