// What adds up: CPU and memory by process, sessions' time by phase. Each bar is of one trial, so that its parts are of
// the same sweep.

const OF_ONE_TRIAL = "Each bar is of the trial whose makespan is the median.";

function stackCharts(section, figures) {
  const trial = (at) => section.cells[at].trials[figures.cells[at].typical];
  const workers = (at, of) => trial(at).workers.map((worker, number) => ({
    name: `worker ${number}`, colour: number % 2 ? "var(--worker-b)" : "var(--worker-a)", ...of(worker),
  }));
  const cpu = (cost) => ({ value: cost.user + cost.system, more: ` (user ${sayTime(cost.user)}, system ${sayTime(cost.system)})` });
  const memory = (cost) => ({ value: cost.peak_memory });
  const supervisor = { name: "supervisor", colour: "var(--supervisor)" };
  const processes = () => [legendItem("var(--supervisor)", "supervisor"), legendItem("linear-gradient(90deg, var(--worker-a) 50%, var(--worker-b) 50%)", "workers, one after the other")];
  const hasFleet = section.cells.some((cell) => cell.trials.some((one) => one.fleet_cpu !== null));
  const sample = figures.cells.some((cell) => cell?.extrapolated) ? " * Of fewer devices." : "";
  const perSession = (at, seconds) => seconds / Math.max(1, trial(at).sessions);
  const steps = [
    ["queue", "waiting for a thread", "var(--pale)"], ["connect", "connect", "var(--c4)"], ["key_exchange", "key exchange", "var(--c1)"],
    ["login", "login", "var(--c3)"], ["commands", "commands", "var(--c0)"], ["store", "store", "var(--c2)"],
  ];
  const doings = [
    ["waited", "waiting for the device", "var(--pale)", (phases) => Math.max(0, phases.connect + phases.key_exchange + phases.login + phases.commands - phases.compute - phases.lock - phases.pipe)],
    ["compute", "computing", "var(--c0)", (phases) => Math.max(0, phases.compute - phases.parse)],
    ["parse", "parsing (--cpu-ms)", "var(--c5)", (phases) => phases.parse],
    ["lock", "waiting for the lock", "var(--c1)", (phases) => phases.lock],
    ["pipe", "waiting for the pipe", "var(--c3)", (phases) => phases.pipe],
  ];
  return [
    {
      kind: "cpu", title: "CPU time", unit: "CPU seconds, user and system", say: sayTime, tick: sayTick,
      caption: hasFleet ? "The simulated fleet's own cost is no part of the sweep's." : "",
      legend: hasFleet ? [...processes(), legendItem("var(--fleet)", "simulated fleet")] : processes(),
      parts: (at) => [
        { ...supervisor, ...cpu(trial(at).supervisor) }, ...workers(at, cpu),
        ...(trial(at).fleet_cpu === null ? [] : [{ name: "simulated fleet", colour: "var(--fleet)", value: trial(at).fleet_cpu }]),
      ],
    },
    {
      kind: "memory", title: "Peak memory", unit: "bytes, each process at its peak", say: sayBytes, tick: sayBytes,
      caption: "Pages that processes share are counted in each.", legend: processes(),
      parts: (at) => [{ ...supervisor, ...memory(trial(at).supervisor) }, ...workers(at, memory)],
    },
    {
      kind: "steps", title: "Where a session's time went, by step", unit: "time of a session, mean", say: sayTime, tick: sayTick,
      caption: "The mean over its sessions.",
      legend: steps.map(([, name, colour]) => legendItem(colour, name)),
      parts: (at) => steps.map(([key, name, colour]) => ({ name, colour, value: perSession(at, trial(at).phases[key]) })),
    },
    {
      kind: "doings", title: "What a session's thread did meanwhile", unit: "time of a session, mean", say: sayTime, tick: sayTick,
      caption: "From the connection to the last prompt; the mean over its sessions.",
      legend: doings.map(([, name, colour]) => legendItem(colour, name)),
      parts: (at) => doings.map(([, name, colour, of]) => ({ name, colour, value: perSession(at, of(trial(at).phases)) })),
    },
  ].map((stack) => chart({
    ...stack,
    caption: `${OF_ONE_TRIAL} ${stack.caption}${sample}`,
    panels: variants(section).map((variant) => ({
      name: variant.name,
      draw: (width) => stackPanel(section, figures, variant, stack, width),
    })),
  }));
}

function stackPanel(section, figures, variant, stack, width) {
  const measured = d3.range(section.cells.length).filter((at) => figures.cells[at]);
  const name = (at) => sayMix(section.cells[at]) + (figures.cells[at].extrapolated ? "*" : "");
  const total = (at) => d3.sum(stack.parts(at), ({ value }) => value);
  const cells = variant.cells.filter((at) => figures.cells[at]);
  const rows = cells.map((at) => ({ mix: name(at), total: total(at) }));
  const parts = cells.flatMap((at) => {
    let end = 0;
    return stack.parts(at).map((part) => {
      const begin = end;
      end += part.value;
      return { ...part, mix: name(at), begin, end };
    });
  }).filter(({ value }) => value > 0);
  const crowded = parts.length > 24 * rows.length;
  const marginLeft = 14 + widthOf(d3.greatest(rows, ({ mix }) => mix.length)?.mix ?? "");
  const marginRight = 62;
  return Plot.plot({
    width, marginLeft, marginRight, marginTop: 4, marginBottom: 40,
    height: 50 + rows.length * (rows.length > 30 ? 16 : 22),
    style: textStyle,
    ariaLabel: `${stack.title}. ${rows.map((row) => `${row.mix}: ${stack.say(row.total)}`).join(", ")}.`,
    color: { type: "identity" },
    // One scale for all panels.
    x: { domain: [0, d3.max(measured, total) || 1], label: stack.unit, labelAnchor: "center", labelArrow: "none", ticks: Math.max(2, Math.floor(width / 85)), tickFormat: (x) => (x === 0 ? "0" : stack.tick(x)), grid: true },
    y: { type: "band", domain: rows.map(({ mix }) => mix), label: null, tickSize: 0, padding: 0.2 },
    marks: [
      Plot.barX(parts, { y: "mix", x1: "begin", x2: "end", fill: "colour", insetRight: crowded ? 0 : 0.5 }),
      Plot.text(rows, { y: "mix", x: "total", text: (row) => stack.say(row.total), textAnchor: "start", dx: 5, fill: "var(--soft)" }),
      Plot.ruleX([0], { stroke: "var(--ink)" }),
      Plot.tip(parts, Plot.pointer({ y: "mix", x: (part) => (part.begin + part.end) / 2, title: (part) => `${part.mix}\n${part.name}: ${stack.say(part.value)}${part.more ?? ""}` })),
    ],
  });
}
