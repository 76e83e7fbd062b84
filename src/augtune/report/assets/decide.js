"use strict";
// The verdict at another number of queries: report/decision.py says why this is the same rule as report/verdict.py.

function total(found, arm, queries, caching) {
  const cost = found.arms[arm].cost.units[found.decision.unit];
  return found.decision.times * cost.once + queries * cost.query[caching];
}

// {arm, sure, shares} or null where nothing can be told at any number of queries.
function advise(found, queries, caching) {
  const rule = found.decision;
  if (!rule.sets.length) return null;
  const cost = rule.arms.map((arm) => total(found, arm, queries, caching));
  const order = rule.arms.map((_, i) => i).sort((a, b) => cost[a] - cost[b]);
  const counts = rule.arms.map(() => 0);
  for (const [places, n] of rule.sets) counts[order.find((i) => places.includes(i))] += n;
  const first = order.find((i) => rule.measured.includes(i));
  const share = (i) => Number((counts[i] / rule.draws).toFixed(3));
  return {
    arm: rule.arms[first],
    sure: share(first) >= rule.sure && !Object.keys(rule.few).length,
    shares: Object.fromEntries(order.map((i) => [rule.arms[i], share(i)])),
  };
}
