// Finds headings, findings, figures, data sets, phrases and functions by words that begin as typed, or nearly so.
const ENTRIES = HELD.entries.map(([title, text, file, part, kind, names = ""], id) => (
  { id, title, text, names, kind: HELD.kinds[kind], href: HELD.files[file] + (part && `#${part}`) }
));
(() => {
  "use strict";
  const MOST = 12; // results shown
  const field = document.getElementById("search");
  const list = document.getElementById("found");
  const told = document.getElementById("found-count");
  // What was found weighs more than where it was said and by which function.
  const WEIGHTS = { finding: 3, "not known": 3, page: 2, figure: 2, "phrase of the report": 0.5, method: 0.3 };
  let index;

  const prepare = () => {
    if (index) return;
    index = new MiniSearch({
      fields: ["title", "text", "names"],
      searchOptions: {
        prefix: true, fuzzy: 0.2, boost: { title: 3 }, combineWith: "AND",
        boostDocument: (id) => WEIGHTS[ENTRIES[id].kind] || 1,
      },
    });
    index.addAll(ENTRIES);
  };

  const show = ({ id }) => {
    const { title, text, href, kind } = ENTRIES[id];
    const item = document.createElement("li");
    const alone = document.body.dataset.one; // then there is no other file
    const leads = href && (!alone || href.includes(".html"));
    const name = document.createElement(leads ? "a" : "strong");
    if (leads) name.href = alone ? `#page-${href.replace(".html", "").replace("#", "--")}` : markName(href);
    name.textContent = title;
    const more = document.createElement("span");
    more.textContent = `${kind}${text ? `: ${text}` : ""}`;
    item.append(name, " ", more);
    return item;
  };

  const isFinding = ({ id }) => ENTRIES[id].kind === "finding";

  // Files of an internal report have a mark behind their names.
  const markName = (href) => href.replace(".html", `${document.body.dataset.mark || ""}.html`);

  const search = () => {
    prepare();
    const words = field.value.trim();
    const found = words ? index.search(words) : [];
    found.sort((one, other) => isFinding(other) - isFinding(one)); // the best first among findings, then among the rest
    list.replaceChildren(...found.slice(0, MOST).map(show));
    list.hidden = !found.length;
    const more = found.length > MOST ? `, the first ${MOST} are shown` : "";
    told.textContent = words ? `${found.length || "Nothing"} found${more}` : "";
  };

  const close = () => {
    list.hidden = true;
    told.textContent = "";
  };

  field.addEventListener("input", search);
  field.addEventListener("focus", prepare);
  field.form.addEventListener("submit", (event) => {
    event.preventDefault();
    search();
  });
  field.form.addEventListener("keydown", (event) => {
    const stops = [field, ...list.querySelectorAll("a")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") {
      close();
      field.focus();
    } else if (step && !list.hidden) {
      event.preventDefault();
      stops[stops.indexOf(document.activeElement) + step]?.focus();
    }
  });
  field.form.addEventListener("focusout", ({ relatedTarget }) => {
    if (!field.form.contains(relatedTarget)) close();
  });
  list.addEventListener("click", close);
})();
