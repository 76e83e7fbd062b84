"use strict";
// The first screen: a slider for the expected queries that moves the recommendation.

const read = (id) => JSON.parse(document.getElementById(id).textContent);
const found = read("results");

function quantity(value) {
  for (const [unit, size] of [["E", 1e18], ["P", 1e15], ["T", 1e12], ["G", 1e9], ["M", 1e6], ["k", 1e3]])
    if (value >= size) return `${Number((value / size).toPrecision(3))} ${unit}`;
  return `${Number(value.toPrecision(3))}`;
}

(function () {
  const slider = document.getElementById("slider");
  if (!slider) return;
  const words = read("texts-of-advice"), unit = found.decision.unit;
  const queries = document.getElementById("queries"), cases = document.getElementById("case");
  const percent = (share) => `${Number((100 * share).toFixed(1))} %`;
  const two = (value) => Number(value.toPrecision(2));
  const at = () => Math.min(1e12, Math.max(0, Math.round(Number(queries.value) || 0)));

  function show() {
    const n = at(), caching = cases.value, advice = advise(found, n, caching);
    slider.value = n > 0 ? Math.round(20 * Math.log10(n)) : 0;
    for (const chart of document.querySelectorAll(".case")) {
      chart.hidden = chart.dataset.case !== caching;
      const svg = chart.querySelector("svg"), { left, right, decades } = svg.dataset;
      const share = Math.min(1, Math.max(0, Math.log10(Math.max(n, 1)) / decades));
      svg.querySelector(".now").setAttribute("transform", `translate(${+left + share * (right - left)} 0)`);
    }
    for (const row of document.querySelectorAll("#totals tr")) {
      const sum = total(found, row.dataset.arm, n, caching);
      row.querySelector("td").textContent = unit === "money" ? sum.toLocaleString("en", { maximumFractionDigits: 2 }) : `${quantity(sum)} FLOPs`;
      const first = !!advice && advice.arm === row.dataset.arm;
      row.classList.toggle("chosen", first);
      row.lastElementChild.textContent = first ? "comes first" : "";
    }
    if (!advice) return;
    const share = advice.shares[advice.arm], told = `${n.toLocaleString("en")} expected queries`;
    document.getElementById("answer").textContent = advice.sure ? words.take[advice.arm] : words.cannot;
    document.getElementById("confidence").textContent = (advice.sure ? words.sure : words.unsure)
      .replace("{arm}", advice.arm).replace("{share}", percent(share)).replace("{queries}", told);
    slider.setAttribute("aria-valuetext", `${told}: ${advice.sure ? advice.arm : "cannot tell"}, ${percent(share)}`);
    const bar = document.getElementById("shares");
    bar.setAttribute("aria-label", document.getElementById("confidence").textContent);
    for (const part of bar.children) {
      const value = advice.shares[part.dataset.arm];
      part.style.flexGrow = value;
      part.hidden = value < 0.005;
      part.firstChild.textContent = value >= 0.08 ? `${part.dataset.arm} ${percent(value)}` : "";
      part.title = `${part.dataset.arm} ${percent(value)}`;
    }
  }
  slider.addEventListener("input", () => { queries.value = two(10 ** (slider.value / 20)); show(); });
  queries.addEventListener("input", show);
  cases.addEventListener("change", show);
  show();
})();

// On paper everything that is folded is shown.
const folded = () => document.querySelectorAll("details:not([open])");
addEventListener("beforeprint", () => folded().forEach((part) => { part.open = true; part.dataset.printed = ""; }));
addEventListener("afterprint", () => document.querySelectorAll("details[data-printed]").forEach((part) => {
  part.open = false;
  delete part.dataset.printed;
}));
