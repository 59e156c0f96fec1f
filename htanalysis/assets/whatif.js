// What-ifs: a slider chooses a step, and what Python wrote for it is looked up. Nothing is computed here but its place.
// Without this script the sliders are hidden, and the report's own setting stands there.
(() => {
  "use strict";
  const bare = (word) => word.replace(/\s?%$/, "");

  const start = (box) => {
    const item = JSON.parse(box.querySelector("script").textContent);
    const rows = {};
    ["value", "low", "high", "value_at", "low_at", "high_at"].forEach((name) => (rows[name] = item[name].split(" ")));
    const find = (selector) => box.querySelector(selector);
    const sliders = [...box.querySelectorAll("input[type=range]")];
    const [copy, reset] = box.querySelectorAll(".whatif-actions button");
    const status = find("[role=status]");
    const usual = item.axes.map((axis) => axis.step);
    let steps = usual;

    const draw = (axis, place, row) => {
      const svg = box.querySelectorAll(".curve")[place];
      const along = axis.places.map((x, step) => [x, row + (step - steps[place]) * axis.stride]);
      const path = (name, points = along) => points.map(([x, at]) => `${x} ${rows[name][at]}`).join(" ");
      const bars = along.filter(([, at]) => rows.low[at] !== "–");
      const drawn = {
        bars: bars.map(([x, at]) => `M${x} ${rows.low_at[at]}V${rows.high_at[at]}`).join(""),
        band: `M${path("low_at")} ${path("high_at", [...along].reverse())}Z`,
        line: `M${path("value_at")}`,
        dot: `M${axis.places[steps[place]]} ${rows.value_at[row]}h0`,
        own: `M${axis.places[steps[place]]} ${rows.low_at[row]}V${rows.high_at[row]}`,
      };
      for (const [name, d] of Object.entries(drawn)) {
        svg.querySelectorAll(`.${name}`).forEach((part) => part.setAttribute("d", d));
      }
    };

    const show = (wanted) => {
      steps = wanted;
      const row = item.axes.reduce((sum, axis, place) => sum + steps[place] * axis.stride, 0);
      const words = { value: rows.value[row], low: rows.low[row], high: rows.high[row] };
      item.axes.forEach((axis, place) => (words[axis.name] = axis.words[steps[place]]));
      const write = (text) => text.replace(/\{(\w+)\}/g, (_, name) => words[name]);
      find(".whatif-answer strong").textContent = write(item.amount);
      find(".whatif-answer span").textContent = write(item.range);
      find(".said").textContent = write(item.sentence);
      item.axes.forEach((axis, place) => {
        sliders[place].value = steps[place];
        sliders[place].setAttribute("aria-valuetext", words[axis.name]);
        sliders[place].labels[0].querySelector("b").textContent = words[axis.name];
        draw(axis, place, row);
      });
    };

    // The setting is in the link. An address from disk may change behind its "#" alone.
    const remember = () => {
      const setting = item.axes.map((axis, place) => [axis.name, bare(axis.words[steps[place]])]);
      history.replaceState(null, "", `#${box.id}?${new URLSearchParams(setting)}`);
    };
    const open = () => {
      const [id, setting] = location.hash.slice(1).split("?");
      if (id !== box.id || !setting) return;
      const given = new URLSearchParams(setting);
      const found = item.axes.map((axis) => axis.words.findIndex((word) => bare(word) === given.get(axis.name)));
      status.textContent = found.includes(-1) ? status.dataset.unknown : "";
      show(found.includes(-1) ? usual : found);
      box.scrollIntoView();
    };

    sliders.forEach((slider) => {
      slider.addEventListener("input", () => show(sliders.map((each) => Number(each.value))));
      slider.addEventListener("change", remember);
    });
    copy.addEventListener("click", async () => {
      remember();
      try {
        await navigator.clipboard.writeText(location.href);
        status.textContent = copy.dataset.done;
      } catch {
        status.textContent = copy.dataset.failed;
      }
    });
    reset.addEventListener("click", () => {
      show(usual);
      remember();
      status.textContent = "";
    });
    let moved = usual;
    window.addEventListener("beforeprint", () => show(((moved = steps), usual)));
    window.addEventListener("afterprint", () => show(moved));
    window.addEventListener("hashchange", open);
    open();
  };

  document.querySelectorAll(".whatif").forEach(start);
})();
