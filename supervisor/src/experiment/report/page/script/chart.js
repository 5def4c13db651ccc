// A picture in its frame: a heading, what is to be known of it, and panels that are drawn to their widths.

const NARROW = 460;
const PRINTED = { one: 680, many: 330 };
const redraws = [];

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// Each panel has a name, which is shown where there are several, and `draw(width)`, which returns an SVG element.
function chart({ kind, title, caption, legend = [], controls = [], panels, wide = panels.length > 1, after = [] }) {
  const frame = element("figure", { className: wide ? "chart wide" : "chart" });
  frame.dataset.chart = kind;
  frame.append(element("header", {}, element("h3", { textContent: title }), ...controls));
  frame.append(element("figcaption", { textContent: caption }));
  if (legend.length) frame.append(element("ul", { className: "legend" }, ...legend));
  const inside = element("div", { className: "panels" });
  for (const panel of panels) {
    const plot = element("div", { className: "plot" });
    const name = panels.length > 1 ? [element("h4", { textContent: panel.name })] : [];
    inside.append(element("div", { className: "panel" }, ...name, plot));
    redraws.push({ plot, panel, printed: panels.length > 1 ? PRINTED.many : PRINTED.one, width: 0 });
  }
  frame.append(inside, ...after);
  return frame;
}

function draw(redraw, width) {
  redraw.width = width;
  const drawn = redraw.panel.draw(width);
  drawn.setAttribute("role", "img");
  redraw.plot.replaceChildren(drawn);
}

function drawAll() {
  // Not while the browser lays out: what we draw changes heights, and it would observe that again.
  const observer = new ResizeObserver(() => requestAnimationFrame(() => {
    for (const redraw of redraws) {
      const width = Math.floor(redraw.plot.clientWidth);
      if (width > 0 && width !== redraw.width) draw(redraw, width);
    }
  }));
  for (const redraw of redraws) {
    draw(redraw, Math.max(200, Math.floor(redraw.plot.clientWidth)));
    observer.observe(redraw.plot);
  }
  addEventListener("beforeprint", () => redraws.forEach((redraw) => draw(redraw, redraw.printed)));
  addEventListener("afterprint", () => redraws.forEach((redraw) => draw(redraw, Math.floor(redraw.plot.clientWidth))));
}

function redrawPanel(panel) {
  const redraw = redraws.find((one) => one.panel === panel);
  if (redraw?.width) draw(redraw, redraw.width);
}

function legendItem(colour, text) {
  const sample = element("i");
  sample.style.background = colour;
  return element("li", {}, sample, text);
}

function legendLine(text, colour, dash) {
  const sample = d3.create("svg").attr("width", 30).attr("height", 8).attr("aria-hidden", "true");
  sample.append("line").attr("x1", 1).attr("x2", 29).attr("y1", 4).attr("y2", 4)
    .attr("stroke", colour).attr("stroke-width", 1.75).attr("stroke-dasharray", dash).attr("stroke-linecap", dash === "1 4" ? "round" : null);
  return element("li", {}, sample.node(), ` ${text}`);
}

function choice(label, options, onChange) {
  const select = element("select", {}, ...options.map(({ value, text }) => element("option", { value, textContent: text })));
  select.addEventListener("change", () => onChange(select.value));
  return element("label", { className: "control" }, `${label} `, select);
}

// What cells differ in besides their mix, as panels: [{name, cells: [position…]}].
function variants(section) {
  const key = (cell) => JSON.stringify([cell.gil, cell.pinned, cell.worker]);
  const groups = d3.group(section.cells.keys(), (at) => key(section.cells[at]));
  const differs = (of) => new Set(section.cells.map(of)).size > 1;
  return Array.from(groups.values(), (cells) => {
    const cell = section.cells[cells[0]];
    const name = [];
    if (differs((one) => one.gil)) name.push(cell.gil ? "with a GIL" : "without a GIL");
    if (differs((one) => one.pinned)) name.push(cell.pinned ? "pinned to cores" : "not pinned");
    if (differs((one) => one.worker)) name.push(cell.worker === null ? "built-in worker" : plain(cell.worker.split("/").at(-1)));
    return { name: name.join(", "), cells, gil: cell.gil };
  });
}

const textStyle = { fontSize: "12px", fontFamily: "inherit", color: "var(--ink)", overflow: "visible" };

// About how wide a text is, in pixels at the size that pictures have.
const widthOf = (text) => 6.8 * text.length;
