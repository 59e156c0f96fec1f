// Figures: tells what a mark stands for at the pointer and the arrow keys, and saves or cites what a figure shows.
// Without this script a mark's words show under a mouse at rest.
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const add = (parent, name, own) => parent.appendChild(Object.assign(document.createElement(name), own));
  const NEAR = 24; // pixels from a mark to the pointer

  // What a mark stands for
  const tip = add(document.body, "p", { className: "tip", hidden: true });
  tip.setAttribute("role", "status");
  const say = (words, box) => {
    tip.textContent = words;
    tip.hidden = !words;
    const left = box.left + box.width / 2 - tip.offsetWidth / 2;
    const above = box.top - tip.offsetHeight - 8;
    tip.style.left = `${Math.max(4, Math.min(left, document.documentElement.clientWidth - tip.offsetWidth - 4))}px`;
    tip.style.top = `${scrollY + (above > 4 ? above : box.bottom + 8)}px`;
  };

  // How far a mark is from the pointer; one under it is at no distance.
  const distance = (mark, { clientX: x, clientY: y, target }) => {
    if (mark === target) return -1;
    const { left, right, top, bottom } = mark.getBoundingClientRect();
    return Math.hypot(Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - bottom)) || (mark.matches("path") ? NEAR : 0);
  };

  // A drawing is one stop of the tab key; the arrows go from mark to mark.
  const tellMarks = (plot) => {
    const marks = new Map(); // by their words, which tell marks apart
    all("title", plot).forEach((title) => {
      marks.set(title.textContent, [...(marks.get(title.textContent) || []), title.parentElement]);
      title.remove(); // the browser would show it again
    });
    const words = [...marks.keys()];
    if (!words.length) return;
    let at = -1;
    const tell = (place) => {
      marks.get(words[at])?.forEach((mark) => mark.classList.remove("told"));
      at = place;
      const told = marks.get(words[at]) || [];
      told.forEach((mark) => mark.classList.add("told"));
      say(words[at] || "", (told.at(-1) || plot).getBoundingClientRect());
    };
    plot.tabIndex = 0;
    plot.addEventListener("focus", () => plot.matches(":focus-visible") && tell(0));
    plot.addEventListener("blur", () => tell(-1));
    plot.addEventListener("pointerleave", () => tell(-1));
    plot.addEventListener("pointermove", (event) => {
      const found = words.map((_, place) => [Math.min(...marks.get(words[place]).map((mark) => distance(mark, event))), place]);
      const [near, place] = found.reduce((one, other) => (other[0] < one[0] ? other : one));
      if (near >= NEAR) tell(-1);
      else if (place !== at) tell(place);
    });
    plot.addEventListener("keydown", (event) => {
      const last = words.length - 1;
      const next = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: last, Escape: -1 }[event.key];
      if (next === undefined) return;
      event.preventDefault();
      tell(event.key === "Escape" ? -1 : Math.max(0, Math.min(next, last)));
    });
  };

  // A cell as a file holds it: plain numbers, nothing where a number is missing, and no formula.
  const writeCell = (text) => {
    const bare = text.replace("−", "-");
    const safe = /^-?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?$/.test(bare) ? bare.replaceAll(",", "") : text.replace(/^[=+@-]/, "'$&");
    return `"${safe.replaceAll('"', '""')}"`;
  };

  // The bases of a row's numbers: one for all, or each with its column.
  const tellBasis = (row, heads, figure) => {
    const mark = row.querySelector(".basis")?.textContent;
    const own = heads.map(({ dataset: { basis }, textContent }) => [textContent, basis === "row" ? mark : basis]).filter(([, basis]) => basis);
    if (new Set(own.map(([, basis]) => basis)).size < 2) return own[0]?.[1] || figure.dataset.basis;
    return own.map((pair) => pair.join(": ")).join("; ");
  };

  const writeTable = (figure) => {
    const [first, ...rows] = figure.querySelector("table").rows;
    const heads = [...first.cells];
    const said = heads.some((head) => head.textContent === "basis"); // then each row says it
    const texts = (row) => [...row.cells].map((cell) => (cell.matches(".missing") ? "" : cell.textContent.trim()));
    const lines = [[...texts(first), ...(said ? [] : ["basis"]), "source"]];
    rows.forEach((row) => lines.push([...texts(row), ...(said ? [] : [tellBasis(row, heads, figure)]), figure.dataset.source]));
    return new Blob([`\ufeff${lines.map((line) => `${line.map(writeCell).join(",")}\r\n`).join("")}`], { type: "text/csv" });
  };

  // A picture: the drawing with its title, source and date as one SVG, in the colors of paper and in fonts of the system.
  const MARKS = document.querySelector(".marks defs");
  const LOOK =
    "svg{overflow:visible}svg svg svg{overflow:hidden}svg .marked{overflow:visible}path{vector-effect:non-scaling-stroke}" +
    ".grid line{stroke:var(--rule)}.bold{font-weight:600}" +
    ".halo{paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}.at{fill:none}";

  const set = (element, own) => {
    Object.entries(own).forEach(([name, value]) => element.setAttribute(name, value));
    return element;
  };

  const lightTokens = () => {
    const rules = all("style").flatMap((style) => [...style.sheet.cssRules]);
    const { style } = rules.find((rule) => rule.selectorText === ":root");
    return [...style].filter((name) => name.startsWith("--")).map((name) => [name, style.getPropertyValue(name).trim()]);
  };

  // Each line of words as it stands, since a picture breaks no lines.
  const readLines = (holder) => {
    const walker = document.createTreeWalker(holder, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    const lines = [];
    while (walker.nextNode()) {
      const { currentNode: node } = walker;
      if (node.parentElement.closest("svg")) continue;
      let last;
      for (const { 0: word, index } of node.data.matchAll(/\S+/g)) {
        range.setStart(node, index);
        range.setEnd(node, index + word.length);
        const box = range.getBoundingClientRect();
        if (last && Math.abs(last.box.top - box.top) < 2) last.words += ` ${word}`;
        else lines.push((last = { words: word, box, style: getComputedStyle(node.parentElement) }));
      }
    }
    return lines;
  };

  const layOut = (figure) => {
    const holder = add(document.body, "div", { className: "saved" });
    const tokens = lightTokens();
    tokens.forEach(([name, value]) => holder.style.setProperty(name, value));
    const [title, subtitle] = nameFigure(figure);
    add(holder, "p", { className: "name", textContent: title });
    add(holder, "p", { textContent: subtitle });
    holder.append(figure.querySelector(".drawing").cloneNode(true));
    const { source, basis } = figure.dataset;
    add(holder, "p", { textContent: `Source: ${source}. Basis: ${basis}. ${cite()}` });
    return [holder, tokens];
  };

  const drawPicture = (figure) => {
    const [holder, tokens] = layOut(figure);
    const { left, top, width, height } = holder.getBoundingClientRect();
    const size = { width: Math.round(width), height: Math.ceil(height) };
    const font = "Segoe UI, Helvetica Neue, Arial, sans-serif";
    const svg = set(document.createElementNS(MARKS.namespaceURI, "svg"), { ...size, viewBox: `0 0 ${size.width} ${size.height}`, "font-family": font, "font-size": 13, fill: "var(--ink)" });
    const put = (name, own, text = "") => Object.assign(svg.appendChild(set(document.createElementNS(MARKS.namespaceURI, name), own)), { textContent: text });
    put("title", {}, figure.querySelector("h3").textContent);
    put("desc", {}, figure.querySelector(".alt").textContent);
    put("style", {}, LOOK);
    svg.append(MARKS.cloneNode(true));
    put("rect", { width: "100%", height: "100%", fill: "var(--paper)" });
    all("svg", holder).filter((part) => !part.parentElement.closest("svg")).forEach((part) => {
      const box = part.getBoundingClientRect();
      svg.append(set(part.cloneNode(true), { x: box.left - left, y: box.top - top, width: box.width, height: box.height }));
    });
    readLines(holder).forEach(({ words, box, style }) => {
      const look = { "font-size": parseFloat(style.fontSize), "font-weight": style.fontWeight, fill: style.color };
      put("text", { x: box.left - left, y: box.top - top + 0.79 * box.height, ...look }, words);
    });
    holder.remove();
    const colors = new Map(tokens);
    const text = new XMLSerializer().serializeToString(svg).replace(/var\((--\w+)\)/g, (_, name) => colors.get(name));
    return { text, ...size };
  };

  const writeSvg = (figure) => new Blob([drawPicture(figure).text], { type: "image/svg+xml" });

  const writePng = async (figure) => {
    const { text, width, height } = drawPicture(figure);
    const image = new Image();
    image.src = `data:image/svg+xml,${encodeURIComponent(text)}`;
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: 2 * width, height: 2 * height });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return new Promise((done) => canvas.toBlob(done));
  };

  // Citing and saving
  const cite = () => {
    const [, ...known] = document.querySelector(".issue").textContent.split(", "); // without the period, which is told
    const told = document.querySelector(".cite").textContent.replace(/^[^:]*: |\.$/g, "");
    return `${told}, ${known.join(", ")}.`;
  };

  const nameFigure = (figure) => {
    const subtitle = figure.querySelector(".subtitle").cloneNode(true);
    subtitle.querySelector(".on-paper")?.remove(); // the number of a note
    return [figure.querySelector("h3").textContent, subtitle.textContent];
  };

  const writeCitation = (figure) => {
    const [title, subtitle] = nameFigure(figure);
    const { source, basis } = figure.dataset;
    const link = `${location.href.split("#")[0]}#${figure.id}`;
    return `“${title}” ${subtitle}. Source: ${source}. Basis: ${basis}. ${cite()} ${link}`;
  };

  const copy = async (figure, button) => {
    const words = writeCitation(figure);
    const done = await navigator.clipboard.writeText(words).then(() => "Copied.", () => words);
    say(done, button.getBoundingClientRect());
    button.addEventListener("blur", () => say("", button.getBoundingClientRect()), { once: true });
  };

  const save = (write, ending) => async (figure) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await write(figure));
    link.download = `${figure.id.split("--").pop()}.${ending}`; // the edition in one file puts the page's name before it
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  const PICTURES = [["Picture (PNG)", save(writePng, "png")], ["Drawing (SVG)", save(writeSvg, "svg")]];
  const WAYS = [["Numbers (CSV)", save(writeTable, "csv")], ["Copy the citation", copy]];

  const offer = (figure) => {
    const title = figure.querySelector("h3").textContent;
    const menu = document.createElement("details");
    menu.className = "save";
    const summary = add(menu, "summary", { textContent: "Save or cite" });
    add(summary, "span", { className: "visually-hidden", textContent: `: ${title}` });
    const list = add(menu, "ul", {});
    for (const [words, act] of [...(figure.matches(".chart") ? PICTURES : []), ...WAYS]) {
      const button = add(add(list, "li", {}), "button", { type: "button", textContent: words });
      button.setAttribute("aria-label", `${words}: ${title}`);
      button.addEventListener("click", () => act(figure, button));
    }
    menu.addEventListener("keydown", ({ key }) => {
      if (key !== "Escape") return;
      menu.open = false;
      summary.focus();
    });
    figure.querySelector(".about").after(menu);
  };

  all(".plot").forEach(tellMarks);
  all("figure.chart, figure.table").forEach(offer);
})();
