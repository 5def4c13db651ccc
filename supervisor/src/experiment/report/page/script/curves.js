// Sessions a second, and the makespan, over the number of sessions at once.

const COLOURS = 8;
const SYMBOLS = ["circle", "square2", "triangle2", "diamond", "star", "times", "hexagon", "plus"];
// Of references, which are all grey.
const DASHES = ["7 4", "9 3 2 3", "14 4", "4 3"];
const IDEAL_DASH = "1 4";
const ROUND_TIMES = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200,
  1800, 3600, 7200, 18000, 36000, 86400, 172800, 604800];

function curveCharts(section, figures) {
  const rate = {
    kind: "rate", title: "Sessions a second", label: "sessions a second", log: false,
    of: (cell) => cell.rate,
    ideal: (cell, at) => (section.cells[at].devices / cell.ideal) * (cell.extrapolated ? section.workload.devices / section.cells[at].devices : 1),
    reference: (point) => section.workload.devices / point.makespan,
    caption: "More is better. Bars: from the least to the greatest trial. Knee: where a curve has 95 % of its greatest rate, and more does not help.",
  };
  const makespan = {
    kind: "makespan", title: "Makespan", label: "makespan, logarithmic", log: true,
    of: (cell) => cell.makespan,
    ideal: (cell) => cell.ideal,
    reference: (point) => point.makespan,
    caption: "Less is better; both axes are logarithmic. Bars: from the least to the greatest trial. No schedule is faster than the ideal.",
  };
  const legend = () => [
    ...section.references.map(({ name }, index) => legendLine(plain(name), "var(--grey)", DASHES[index % DASHES.length])),
    legendLine("ideal", "var(--soft)", IDEAL_DASH),
  ];
  return [rate, makespan].map((metric) => chart({
    kind: metric.kind,
    title: metric.title,
    caption: metric.caption,
    legend: legend(),
    panels: variants(section).map((variant) => ({
      name: variant.name,
      draw: (width) => curvePanel(section, figures, variant, metric, width),
    })),
  }));
}

function curvePanel(section, figures, variant, metric, width) {
  const atOnce = (cell) => cell.processes * cell.threads;
  const fixed = d3.sort(new Set(figures.curves.map((curve) => curve.fixed)));
  const curves = figures.curves.filter((curve) => variant.cells.includes(curve.cells[0])).map((curve) => {
    const index = fixed.indexOf(curve.fixed);
    return {
      name: `${curve.along === "threads" ? "P" : "T"} = ${curve.fixed}`,
      colour: `var(--c${index % COLOURS})`,
      symbol: SYMBOLS[index % SYMBOLS.length],
      knee: curve.knee,
      points: curve.cells.filter((at) => figures.cells[at]).map((at) => {
        const cell = figures.cells[at];
        const { min, max, median } = metric.of(cell);
        const { processes, threads } = section.cells[at];
        return { at, x: atOnce(section.cells[at]), y: median, min, max, cell, processes, threads };
      }),
    };
  });
  const points = curves.flatMap((curve) => curve.points.map((point) => ({ ...point, colour: curve.colour, symbol: curve.symbol })));
  const references = section.references.map((reference, index) => ({
    name: plain(reference.name),
    dash: DASHES[index % DASHES.length],
    points: d3.sort(reference.points.map((point) => ({ x: atOnce(point), y: metric.reference(point), makespan: point.makespan, ...point })), (point) => point.x),
  }));
  const referencePoints = references.flatMap((reference) => reference.points.map((point) => ({ ...point, name: reference.name })));
  const everyPoint = figures.cells.filter((cell) => cell).map((cell) => metric.of(cell));
  const ideal = Array.from(
    d3.rollup(points, (same) => (metric.log ? d3.min : d3.max)(same, ({ cell, at }) => metric.ideal(cell, at)), ({ x }) => x),
    ([x, y]) => ({ x, y }),
  ).sort((a, b) => a.x - b.x);

  // One scale for all panels.
  const top = d3.max([...everyPoint.map(({ max }) => max), ...referencePoints.map(({ y }) => y)]) ?? 1;
  const bottom = d3.min([...everyPoint.map(({ min }) => min), ...referencePoints.map(({ y }) => y), ...ideal.map(({ y }) => y)]) ?? 1;
  const range = metric.log ? [bottom / 1.25, top * 1.25] : [0, top * 1.08];
  const xs = d3.sort(new Set([...section.cells.map(atOnce), ...referencePoints.map(({ x }) => x)]));
  const marginLeft = 56;
  const marginRight = 46;
  const height = width < NARROW ? 260 : 320;

  const labels = [
    ...curves.filter(({ points }) => points.length).map((curve) => ({ ...curve.points.at(-1), text: curve.name, colour: curve.colour })),
  ];
  const idealInside = within(ideal, range[1]);
  const knees = points.filter(({ at }) => curves.some((curve) => curve.knee === at));
  const fitting = ROUND_TIMES.filter((time) => time >= range[0] && time <= range[1]);
  const every = Math.max(1, Math.ceil(fitting.length / 7));
  const times = fitting.filter((_, index) => (fitting.length - 1 - index) % every === 0);

  return Plot.plot({
    width, height, marginLeft, marginRight, marginTop: 26, marginBottom: 42,
    style: textStyle,
    ariaLabel: `${metric.title} over sessions at once. ${curves.map((curve) => `${curve.name}: ${curve.points.map((point) => `${sayMix(point)} ${metric.log ? sayTime(point.y) : sayNumber(point.y)}`).join(", ")}`).join(". ")}.`,
    color: { type: "identity" },
    symbol: { type: "identity" },
    x: {
      type: "log", base: 2, domain: xs.length > 1 ? d3.extent(xs) : [(xs[0] ?? 1) / 2, (xs[0] ?? 1) * 2],
    },
    y: { type: metric.log ? "log" : "linear", domain: range },
    marks: [
      // Ticks of our own: on a logarithmic axis the library names powers alone.
      Plot.gridY(metric.log ? times : undefined, { ticks: 6, stroke: "var(--faint)", strokeOpacity: 1 }),
      Plot.axisY(metric.log ? times : undefined, { ticks: 6, ...(metric.log ? { text: sayTick } : {}), label: metric.label, labelArrow: "none", tickSize: 0 }),
      Plot.axisX(thinned(xs, width - marginLeft - marginRight), { text: String, label: "sessions at once (P × T), logarithmic", labelAnchor: "center", labelArrow: "none" }),
      metric.log ? null : Plot.ruleY([0], { stroke: "var(--ink)" }),
      Plot.line(idealInside, { x: "x", y: "y", stroke: "var(--soft)", strokeWidth: 1.75, strokeDasharray: IDEAL_DASH, strokeLinecap: "round" }),
      references.map((reference) => Plot.line(reference.points, { x: "x", y: "y", stroke: "var(--grey)", strokeWidth: 1.5, strokeDasharray: reference.dash })),
      Plot.dot(referencePoints, { x: "x", y: "y", stroke: "var(--grey)", fill: "var(--card)", r: 3 }),
      curves.map((curve) => Plot.line(curve.points, { x: "x", y: "y", stroke: curve.colour, strokeWidth: 2.25 })),
      Plot.ruleX(points.filter(({ min, max }) => max > min), { x: "x", y1: "min", y2: "max", stroke: "colour", strokeWidth: 1.5, marker: "tick" }),
      Plot.dot(points, { x: "x", y: "y", fill: "colour", symbol: "symbol", r: 4 }),
      metric.log ? null : Plot.dot(knees, { x: "x", y: "y", r: 9, stroke: "colour", strokeWidth: 1.5 }),
      metric.log ? null : Plot.text(d3.rollups(knees, (same) => d3.greatest(same, ({ y }) => y), ({ x }) => x).map(([, knee]) => knee), { x: "x", y: "y", text: () => "knee", dy: -18, fill: "colour", stroke: "var(--card)", strokeWidth: 3, fontSize: 11 }),
      endLabels(labels),
      Plot.tip(points, Plot.pointer({ x: "x", y: "y", title: tipOfCell })),
      Plot.tip(referencePoints, Plot.pointer({ x: "x", y: "y", title: (point) => `${point.name}\n${sayMix(point)}: ${sayTime(point.makespan)}` })),
    ],
  });
}

// A line's points up to where it leaves the picture at `top`, on a logarithmic x axis.
function within(points, top) {
  const inside = [];
  for (const [index, point] of points.entries()) {
    if (point.y <= top) {
      inside.push(point);
      continue;
    }
    const before = points[index - 1];
    if (before && before.y < top) {
      const part = (top - before.y) / (point.y - before.y);
      inside.push({ x: Math.exp(Math.log(before.x) + part * Math.log(point.x / before.x)), y: top });
    }
    break;
  }
  return inside;
}

// Those ticks that have room for their labels; the last always has.
function thinned(xs, width) {
  const span = Math.log(xs.at(-1) / xs[0]) || 1;
  const kept = [];
  for (const x of [...xs].reverse()) {
    const place = (Math.log(x / xs[0]) / span) * width;
    if (!kept.length || kept.at(-1).place - place > 14 + widthOf(String(x))) kept.push({ x, place });
  }
  return kept.map(({ x }) => x);
}

// A name at the end of each line, moved up or down until none covers another.
function endLabels(labels) {
  return (_index, scales, _values, { marginTop, height, marginBottom }) => {
    const placed = labels.map((label) => {
      const [x, y] = [scales.x(label.x), scales.y(label.y)];
      return { ...label, left: x + 6, right: x + 8 + widthOf(label.text), x: x + 8, y };
    }).sort((a, b) => a.y - b.y);
    const gap = 14;
    for (let round = 0; round < 20; round += 1) {
      for (const [index, one] of placed.entries()) {
        for (const other of placed.slice(index + 1)) {
          const apart = other.y - one.y;
          if (one.left < other.right && other.left < one.right && Math.abs(apart) < gap) {
            const move = (gap - apart) / 2;
            one.y -= move;
            other.y += move;
          }
        }
      }
      for (const one of placed) one.y = Math.max(marginTop - 8, Math.min(height - marginBottom - 4, one.y));
    }
    const group = d3.create("svg:g").attr("font-size", 12).attr("paint-order", "stroke").attr("stroke", "var(--card)").attr("stroke-width", 4).attr("stroke-linejoin", "round");
    group.selectAll("text").data(placed).join("text")
      .attr("x", ({ x }) => x).attr("y", ({ y }) => y).attr("dy", "0.32em")
      .attr("text-anchor", "start")
      .attr("font-weight", 600)
      .attr("fill", ({ colour }) => colour)
      .text(({ text }) => text);
    return group.node();
  };
}
