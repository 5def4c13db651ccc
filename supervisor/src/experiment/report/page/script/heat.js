// P×T as a map, one panel for each kind of cell.

const HEAT_STEPS = 7;

function heatChart(section, figures) {
  const metrics = {
    makespan: { of: (cell) => cell.makespan, say: sayTime, faster: -1, text: "makespan" },
    rate: { of: (cell) => cell.rate, say: sayNumber, faster: 1, text: "sessions a second" },
  };
  let metric = metrics.makespan;
  const panels = variants(section).map((variant) => ({
    name: variant.name,
    draw: (width) => heatPanel(section, figures, variant, metric, width),
  }));
  const ramp = element("span", { className: "ramp" }, ...d3.range(HEAT_STEPS).map((step) => {
    const sample = element("i");
    sample.style.background = `var(--heat-${step})`;
    return sample;
  }));
  const select = choice("Show", Object.entries(metrics).map(([value, { text }]) => ({ value, text })), (value) => {
    metric = metrics[value];
    panels.forEach(redrawPanel);
  });
  const outline = section.choice ? " The outlined mix is the one that we would choose." : "";
  const sample = figures.cells.some((cell) => cell?.extrapolated) ? " * extrapolated from fewer devices." : "";
  return chart({
    kind: "heat",
    title: "Which mix is fastest",
    caption: `Medians.${outline}${sample}`,
    controls: [select],
    wide: true,
    legend: [element("li", {}, "slower", ramp, "faster")],
    panels,
  });
}

function heatPanel(section, figures, variant, metric, width) {
  const measured = variant.cells.filter((at) => figures.cells[at]).map((at) => {
    const { processes, threads } = section.cells[at];
    const cell = figures.cells[at];
    const spread = metric.of(cell);
    return { processes, threads, cell, spread, text: metric.say(spread.median) + (cell.extrapolated ? "*" : "") };
  });
  const leftOut = section.left_out.filter((cell) => cell.gil === variant.gil);
  // One frame and one scale for all panels.
  const of = (name) => d3.sort(new Set([...section.cells, ...section.left_out].map((cell) => cell[name])));
  const [rows, columns] = [of("processes"), of("threads")];
  const logs = figures.cells.filter((cell) => cell).map((cell) => Math.log(metric.of(cell).median) * metric.faster);
  const [low, high] = d3.extent(logs);
  const step = ({ spread }) => {
    if (!(high > low)) return HEAT_STEPS - 1;
    const part = (Math.log(spread.median) * metric.faster - low) / (high - low);
    return Math.min(HEAT_STEPS - 1, Math.floor(part * HEAT_STEPS));
  };
  const marginLeft = 44;
  const room = (width - marginLeft) / Math.max(1, columns.length);
  const { fontSize, shown } = fitted(measured.map(({ text }) => text), room - 6);
  const chosen = section.choice ? measured.filter((cell) => sayMix(cell) === sayMix(section.choice)) : [];
  const place = { x: "threads", y: "processes" };
  const fastest = d3.least(measured, ({ cell }) => cell.makespan.median);
  return Plot.plot({
    width,
    height: 52 + rows.length * 44,
    marginLeft, marginRight: 2, marginTop: 8, marginBottom: 44,
    style: textStyle,
    ariaLabel: fastest
      ? `Heat map of processes and threads by ${metric.text}. Fastest: ${sayMix(fastest)} with ${metric.say(metric.of(fastest.cell).median)}. The table has all figures.`
      : "Heat map without figures.",
    color: { type: "identity" },
    x: { type: "band", domain: columns, label: "session threads in each process (T)", labelAnchor: "center", labelArrow: "none", tickSize: 0, tickFormat: String, padding: 0 },
    y: { type: "band", domain: rows, label: rows.length > 1 ? "processes (P)" : "P", labelAnchor: "center", labelArrow: "none", tickSize: 0, tickFormat: String, padding: 0 },
    marks: [
      Plot.cell(leftOut, { ...place, inset: 3, rx: 3, fill: "none", stroke: "var(--pale)", strokeDasharray: "3 3" }),
      Plot.text(leftOut, { ...place, text: () => (room > 56 ? "left out" : "–"), fill: "var(--soft)", fontSize: 11 }),
      Plot.cell(measured, { ...place, inset: 1, rx: 3, fill: (cell) => `var(--heat-${step(cell)})` }),
      Plot.text(measured, { ...place, text: (cell) => shown(cell.text), fill: (cell) => `var(--heat-text-${step(cell)})`, fontSize }),
      Plot.cell(chosen, { ...place, inset: 1.5, rx: 3, fill: "none", stroke: "var(--c1)", strokeWidth: 3 }),
      Plot.tip(measured, Plot.pointer({ ...place, title: tipOfCell })),
      Plot.tip(leftOut, Plot.pointer({ ...place, title: (cell) => `${sayMix(cell)} left out: ${plain(cell.why)}` })),
    ],
  });
}

// Texts at a size at which they have room: without their unit where that helps, none at all where nothing does.
function fitted(texts, room) {
  const ways = [(text) => text, (text) => text.replace(" s", "")];
  for (const shown of ways) {
    const longest = d3.max(texts, (text) => shown(text).length) ?? 1;
    const fontSize = Math.min(13, Math.floor(room / (0.62 * longest)));
    if (fontSize >= 9) return { fontSize, shown };
  }
  return { fontSize: 9, shown: () => "" };
}

function tipOfCell({ processes, threads, cell }) {
  const lines = [
    `${processes}×${threads}${cell.extrapolated ? " (extrapolated)" : ""}`,
    `makespan ${saySpread(cell.makespan, sayTime)}`,
    `${saySpread(cell.rate, sayNumber)} sessions a second`,
    `${(cell.efficiency.median * 100).toFixed(0)} % of the ideal`,
  ];
  if (cell.speed_up !== null) lines.push(`${sayNumber(cell.speed_up)} times as fast as 1×1`);
  return lines.join("\n");
}
