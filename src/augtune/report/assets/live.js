"use strict";
// Follows a run: asks the local server what stands in the run folder, every few seconds.

const EVERY = 3000;

async function look() {
  const byId = (id) => document.getElementById(id);
  try {
    const state = await (await fetch("/state.json")).json();
    byId("now").textContent = state.now ?? (state.finished ? "Finished" : "Between two steps");
    byId("share").value = state.now ? state.share : state.finished ? 1 : 0;
    byId("done").hidden = !state.finished;
    byId("stages").replaceChildren(...state.stages.map(({ name, done, told }) => {
      const row = document.createElement("li");
      row.className = done ? "good" : "dim";
      row.textContent = `${done ? "✓" : "·"} ${name}${told ? ` — ${told}` : ""}`;
      return row;
    }));
    // The server's own drawings, parsed as images would be: no script in them can run.
    byId("charts").replaceChildren(...state.charts.map((svg) => {
      const figure = document.createElement("figure");
      figure.append(document.importNode(new DOMParser().parseFromString(svg, "text/html").querySelector("svg"), true));
      return figure;
    }));
  } catch {
    byId("now").textContent = "The server has stopped; `augtune report RUN --serve` starts it again";
  }
  document.documentElement.setAttribute("data-ready", "");
  setTimeout(look, EVERY);
}
look();
