// From the data to the pictures.

function main() {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const [experiment, figures] = [read("experiment"), read("figures")];
  for (const place of document.querySelectorAll(".charts")) {
    const at = Number(place.dataset.section);
    const [section, its] = [experiment.sections[at], figures[at]];
    if (!its.cells.some((cell) => cell)) continue;
    const charts = [heatChart(section, its), ...curveCharts(section, its), ...stackCharts(section, its), timelineChart(section, its)];
    place.append(...charts.filter((one) => one));
  }
  drawAll();
  document.documentElement.dataset.drawn = "true";
}

addEventListener("error", (event) => {
  const trouble = document.getElementById("trouble");
  trouble.textContent = `A picture could not be drawn (${event.message}). The tables are whole.`;
  trouble.hidden = false;
});
main();
