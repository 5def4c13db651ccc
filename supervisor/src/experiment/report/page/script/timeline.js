// Who ran what when: a row for each thread of each worker. Thousands of sessions are a few paths, so it stays quick.

const TIMELINE_KINDS = [
  { name: "connect and login", colour: "var(--worker-b)", of: (span) => (span.ok ? [span.began, span.ready] : null) },
  { name: "commands", colour: "var(--worker-a)", of: (span) => (span.ok ? [span.ready, span.ended] : null) },
  { name: "failed session", colour: "var(--c1)", of: (span) => (span.ok ? null : [span.began, span.ended]) },
];

function timelineChart(section, figures) {
  const names = new Map(variants(section).flatMap((variant) => variant.cells.map((at) => [at, variant.name])));
  const options = section.cells.flatMap((cell, at) => {
    const trial = cell.trials.find(({ timeline }) => timeline.length);
    return trial ? [{ at, cell, trial, text: [sayMix(cell), names.get(at)].filter(Boolean).join(", ") }] : [];
  });
  if (!options.length) return null;
  const chosen = section.choice && options.find(({ cell }) => sayMix(cell) === sayMix(section.choice));
  let shown = chosen ?? options.find(({ at }) => at === figures.fastest) ?? options[0];
  const said = element("p", { className: "said" });
  said.setAttribute("aria-live", "polite");
  const panel = { name: "", draw: (width) => timelinePanel(shown, width, said) };
  const control = choice("Mix", options.map(({ text }, value) => ({ value, text })), (value) => {
    shown = options[value];
    redrawPanel(panel);
  });
  control.querySelector("select").value = options.indexOf(shown);
  return chart({
    kind: "timeline",
    title: "Who ran what when",
    caption: "A row for each session thread, by worker; one trial. Gaps are threads without a session; the dashed line is the makespan. Point at a session for its name.",
    controls: [control],
    legend: TIMELINE_KINDS.map(({ name, colour }) => legendItem(colour, name)),
    panels: [panel],
    wide: true,
    after: [said],
  });
}

function timelinePanel({ cell, trial }, width, said) {
  const spans = trial.timeline;
  const key = (span) => `${span.worker}/${span.thread}`;
  const threads = d3.sort(new Map(spans.map((span) => [key(span), { worker: span.worker, thread: span.thread }])).values(), (row) => row.worker, (row) => row.thread);
  const rowOf = new Map(threads.map((row, index) => [`${row.worker}/${row.thread}`, index]));
  const rows = d3.groups(spans, (span) => rowOf.get(key(span)));
  const byRow = new Map(rows.map(([row, of]) => [row, d3.sort(of, (span) => span.began)]));
  const workers = d3.rollups(threads.keys(), (of) => ({ first: d3.min(of), last: d3.max(of) }), (row) => threads[row].worker).map(([worker, place]) => ({ worker, ...place }));
  const gap = workers.length > 1 ? 6 : 0;
  const rowHeight = Math.min(16, Math.max(360 / threads.length, 480 / Math.max(480, threads.length)));
  const workerIndex = new Map(workers.map(({ worker }, index) => [worker, index]));
  const top = (row) => row * rowHeight + workerIndex.get(threads[row].worker) * gap;
  const tall = threads.length * rowHeight + (workers.length - 1) * gap;
  const [marginTop, marginBottom] = [4, 42];
  const end = Math.max(trial.makespan, d3.max(spans, (span) => span.ended));
  const failed = spans.filter((span) => !span.ok).length;
  const busy = d3.sum(spans, (span) => span.ended - span.began) / (threads.length * end);
  const summary = `${sayMix(cell)}: ${spans.length} sessions on ${threads.length} threads in ${sayTime(end)}; threads were busy ${(busy * 100).toFixed(0)} % of that; ${failed} failed.`;
  said.textContent = summary;

  const paths = (_index, scales, _values, dimensions) => {
    const group = d3.create("svg:g");
    const round = (number) => Math.round(number * 100) / 100;
    const fill = rowHeight > 4 ? rowHeight - 1 : rowHeight;
    for (const kind of TIMELINE_KINDS) {
      const path = [];
      for (const span of spans) {
        const part = kind.of(span);
        if (!part) continue;
        const [left, right] = part.map(scales.x);
        path.push(`M${round(left)},${round(marginTop + top(rowOf.get(key(span))))}h${round(Math.max(0.4, right - left))}v${round(fill)}H${round(left)}z`);
      }
      group.append("path").attr("d", path.join("")).attr("fill", kind.colour);
    }
    for (const { worker, first, last } of workers) {
      const middle = marginTop + (top(first) + top(last) + rowHeight) / 2;
      const room = top(last) + rowHeight - top(first);
      if (room < 10) continue;
      group.append("text").attr("x", dimensions.marginLeft - 8).attr("y", middle).attr("dy", "0.32em").attr("text-anchor", "end").attr("fill", "var(--ink)").text(`worker ${worker}`);
    }
    return group.node();
  };

  const drawn = Plot.plot({
    width, height: tall + marginTop + marginBottom, marginLeft: 68, marginRight: 14, marginTop, marginBottom,
    style: textStyle,
    ariaLabel: `Timeline of sessions. ${summary}`,
    x: { domain: [0, end], label: "seconds since the first dispatch", labelAnchor: "center", labelArrow: "none", ticks: width < NARROW ? 5 : 10, grid: true },
    y: { axis: null, domain: [0, 1] },
    marks: [
      paths,
      Plot.ruleX([trial.makespan], { stroke: "var(--ink)", strokeDasharray: "3 3" }),
    ],
  });

  const scale = drawn.scale("x");
  drawn.addEventListener("pointermove", (event) => {
    const box = drawn.getBoundingClientRect();
    const zoom = width / box.width;
    const [x, y] = [(event.clientX - box.left) * zoom, (event.clientY - box.top) * zoom - marginTop];
    const row = d3.range(threads.length).find((one) => y >= top(one) && y < top(one) + rowHeight);
    const time = scale.invert(x);
    const span = byRow.get(row)?.find((one) => one.began <= time && time <= one.ended);
    said.textContent = span
      ? `${plain(span.device)} on worker ${span.worker}, thread ${span.thread}: began at ${sayTime(span.began)}, ${span.ok ? `login ${sayTime(span.ready - span.began)}, commands ${sayTime(span.ended - span.ready)}` : `failed after ${sayTime(span.ended - span.began)}`}`
      : summary;
  });
  drawn.addEventListener("pointerleave", () => { said.textContent = summary; });
  return drawn;
}
