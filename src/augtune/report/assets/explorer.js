"use strict";
// The explorer: lists with search and filters, one item beside them, and every state in the URL's fragment:
// #questions?split=reversal&arm=augmented&answer=missed lists, #question/ID (document, text) shows one.
// Texts come from documents and models: they reach the page through textContent alone.

const PAGE = 50, MANY = 100;

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "class") made.className = value;
    else if (key === "onclick") made.addEventListener("click", value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((c) => c !== null && c !== undefined).map((c) => (c instanceof Node ? c : shown(String(c)))));
  return made;
}

// Control characters as their pictures: a null byte is seen rather than lost.
function shown(text) {
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)));
}

async function unpacked(packed) {
  const binary = atob(packed), bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
}

function explore(data) {
  const { documents, written, questions, answers, coverage, splits, kinds, strategies, reasons } = data;
  const count = { questions: questions.id.length, documents: documents.id.length, texts: written.id.length };
  const normalization = found.study.evaluate.normalization, seeds = found.study.seeds.length;
  const arms = [...new Set(answers.map((a) => a.arm))];
  const columns = new Map(arms.map((arm) => [arm, answers.filter((a) => a.arm === arm)]));
  const right = (arm, q) => columns.get(arm).every((a) => a.correct[q]);
  const taught = (arm, q) => !!(coverage && coverage.arms[arm] && coverage.arms[arm][q]);
  const accepted = (t) => written.reason[t] < 0;
  const place = { questions: index(questions.id), documents: index(documents.id), texts: index(written.id) };
  const textsOf = documents.id.map(() => []), shownBy = written.id.map(() => []);
  written.sources.forEach((sources, t) => sources.forEach((d) => textsOf[d].push(t)));
  if (coverage) coverage.by.forEach((texts, q) => texts.forEach((t) => shownBy[t].push(q)));
  const questionsOn = grouped(questions.group), documentsOn = grouped(documents.group);

  function index(ids) { return new Map(ids.map((id, i) => [id, i])); }
  function grouped(groups) {
    const by = new Map();
    groups.forEach((g, i) => { if (g !== null) by.has(g) ? by.get(g).push(i) : by.set(g, [i]); });
    return by;
  }
  function asked(d) {
    const about = new Set(questionsOn.get(documents.group[d]) || []);
    for (const t of textsOf[d]) if (accepted(t)) for (const q of shownBy[t]) about.add(q);
    return [...about].sort((a, b) => a - b);
  }

  // -- lists

  const VIEWS = {
    questions: {
      one: "question",
      words: (q) => [questions.prompt[q], questions.answer[q], questions.id[q], questions.group[q]],
      filters: () => [
        ["split", "Split", splits], ["kind", "Kind", kinds], ["arm", "Arm", arms],
        ["answer", "Its answer", ["right", "missed"]], ...(coverage ? [["taught", "Its inference was", ["taught", "not taught"]]] : []),
      ],
      passes: (q, s) =>
        (!s.split || splits[questions.split[q]] === s.split) && (!s.kind || kinds[questions.kind[q]] === s.kind) &&
        (!s.answer || (s.arm && columns.has(s.arm) ? [s.arm] : arms).some((arm) => right(arm, q) === (s.answer === "right"))) &&
        (!s.taught || (s.arm ? [s.arm] : arms).some((arm) => taught(arm, q)) === (s.taught === "taught")),
      row: (q) => [
        element("span", { class: "clip", dir: "auto" }, `${questions.prompt[q]} … ${questions.answer[q]}`),
        element("small", {}, `${splits[questions.split[q]]} · `, ...arms.flatMap((arm) => [mark(arm, q), " "])),
      ],
      item: question,
    },
    documents: {
      one: "document",
      words: (d) => [documents.text[d], documents.id[d], documents.group[d]],
      filters: () => [["has", "That", ["have accepted texts", "have none", "are asked about"]]],
      passes: (d, s) => {
        if (!s.has) return true;
        if (s.has === "are asked about") return asked(d).length > 0;
        return textsOf[d].some(accepted) === (s.has === "have accepted texts");
      },
      row: (d) => {
        const good = textsOf[d].filter(accepted).length;
        return [
          element("span", { class: "clip", dir: "auto" }, documents.text[d].slice(0, 300)),
          element("small", {}, `${documents.id[d]} · ${good} accepted, ${textsOf[d].length - good} rejected · questions: ${asked(d).length}`),
        ];
      },
      item: documentItem,
    },
    texts: {
      one: "text",
      words: (t) => [written.text[t], written.id[t]],
      filters: () => [["strategy", "Strategy", strategies], ["status", "Status", ["accepted", "rejected"]], ["reason", "Rejected because", reasons]],
      passes: (t, s) =>
        (!s.strategy || strategies[written.strategy[t]] === s.strategy) && (!s.status || accepted(t) === (s.status === "accepted")) &&
        (!s.reason || reasons[written.reason[t]] === s.reason),
      row: (t) => [element("span", { class: "clip", dir: "auto" }, written.text[t].slice(0, 300)), status(t)],
      item: textItem,
    },
  };
  let view = "questions", state = {}, page = 0, opened = null;
  const lower = {};

  function matching() {
    const { words, passes } = VIEWS[view], rows = [], wanted = (state.q || "").toLowerCase().trim();
    if (wanted && !lower[view])
      lower[view] = Array.from({ length: count[view] }, (_, i) => words(i).filter((w) => w !== null).join("\n").toLowerCase());
    for (let i = 0; i < count[view]; i++)
      if (passes(i, state) && (!wanted || lower[view][i].includes(wanted))) rows.push(i);
    return rows;
  }

  function list(seek) {
    const rows = matching(), pages = Math.max(1, Math.ceil(rows.length / PAGE));
    const at = seek ? rows.indexOf(opened) : -1;
    page = at >= 0 ? Math.floor(at / PAGE) : Math.min(page, pages - 1);
    byId("count").textContent = `${rows.length.toLocaleString("en")} of ${count[view].toLocaleString("en")} ${view === "texts" ? "augmentations" : view}${leftOut()}`;
    const { one, row } = VIEWS[view], ids = idsOf(view);
    byId("list").replaceChildren(...rows.slice(page * PAGE, (page + 1) * PAGE).map((i) =>
      element("li", {}, element("a", { href: link(one, ids[i]), "aria-current": opened === i && "true" }, ...row(i)))));
    const current = seek && byId("list").querySelector("[aria-current]"), pane = byId("list").parentElement;
    if (current) pane.scrollTop += current.getBoundingClientRect().top - pane.getBoundingClientRect().top - pane.clientHeight / 3;
    const turn = (by) => () => { page += by; list(); pane.scrollTop = 0; };
    byId("pager").replaceChildren(
      element("button", { type: "button", onclick: turn(-1), disabled: page === 0 }, "Previous"),
      element("span", {}, `page ${page + 1} of ${pages}`),
      element("button", { type: "button", onclick: turn(1), disabled: page >= pages - 1 }, "Next"),
    );
    for (const name of Object.keys(VIEWS)) {
      if (name === view) byId(`tab-${name}`).setAttribute("aria-current", "page");
      else byId(`tab-${name}`).removeAttribute("aria-current");
    }
  }

  function leftOut() {
    const missing = data.left_out[view];
    return missing ? `; ${missing.toLocaleString("en")} more are left out of this page, evenly; the run folder has all` : "";
  }

  function filters() {
    const change = (name) => (event) => {
      state[name] = event.target.value;
      page = 0;
      opened = null;
      history.replaceState(null, "", address());
      list();
    };
    const search = element("input", { type: "search", "aria-label": "Search", value: state.q || "", autocomplete: "off" });
    search.addEventListener("input", change("q"));
    const parts = [element("label", {}, "Search", search)];
    for (const [name, label, options] of VIEWS[view].filters()) {
      if (!options.length) continue;
      const select = element("select", { name, "aria-label": label }, element("option", { value: "" }, "any"), ...options.map((o) => element("option", { value: o }, o)));
      select.value = state[name] || "";
      select.addEventListener("change", change(name));
      parts.push(element("label", {}, label, select));
    }
    byId("filters").replaceChildren(...parts);
  }

  const address = () => {
    const told = new URLSearchParams(Object.entries(state).filter(([, v]) => v)).toString();
    return `#${view}${told ? `?${told}` : ""}`;
  };
  const idsOf = (name) => ({ questions, documents, texts: written })[name].id;
  const byId = (id) => document.getElementById(id);
  function link(kind, id) { return `#${kind}/${encodeURIComponent(id)}`; }

  // -- one item

  function mark(arm, q) {
    const each = columns.get(arm), hits = each.filter((a) => a.correct[q]).length;
    const sign = hits === each.length ? "✓" : each.length > 1 && hits ? `${hits}/${each.length}` : "✗";
    return element("span", { class: hits === each.length ? "good" : "bad" }, `${sign} ${arm}`);
  }

  function status(t) {
    const strategy = `${strategies[written.strategy[t]]} · `;
    return element("small", {}, strategy, accepted(t) ? element("span", { class: "good" }, "accepted") : element("span", { class: "bad" }, `rejected: ${reasons[written.reason[t]]}`));
  }

  function textRow(t, from) {
    const others = written.sources[t].filter((d) => d !== from);
    return element("li", {},
      element("a", { href: link("text", written.id[t]), dir: "auto", class: "text" }, written.text[t]), status(t),
      others.length && from !== undefined
        ? element("small", {}, "with ", ...others.flatMap((d, i) => [i ? ", " : "", element("a", { href: link("document", documents.id[d]) }, documents.id[d])]))
        : null);
  }

  const questionRow = (q) => element("li", {},
    element("a", { href: link("question", questions.id[q]), dir: "auto" }, `${questions.prompt[q]} … ${questions.answer[q]}`),
    element("small", {}, `${splits[questions.split[q]]} · `, ...arms.flatMap((arm) => [mark(arm, q), " "])));
  const documentRow = (d) => element("li", {}, element("a", { href: link("document", documents.id[d]), dir: "auto", class: "clip" }, documents.text[d].slice(0, 400)), element("small", {}, documents.id[d]));

  // Long lists are cut, and a button shows the rest.
  function some(title, rows, row) {
    if (!rows.length) return [];
    const items = element("ul", { class: "texts" }, ...rows.slice(0, MANY).map(row));
    const more = rows.length > MANY
      ? element("button", { type: "button", onclick: (e) => { items.append(...rows.slice(MANY).map(row)); e.target.remove(); } }, `Show all ${rows.length}`)
      : null;
    return [element("h4", {}, `${title} (${rows.length})`), items, ...(more ? [more] : [])];
  }

  function scores(a, q) {
    const raw = a.loglikelihoods[q], choices = questions.choices[q];
    if (!raw) return null;
    const length = { none: () => 1, token: (i) => questions.tokens[q][i], byte: (i) => new TextEncoder().encode(choices[i]).length, char: (i) => [...choices[i]].length };
    return raw.map((v, i) => (v === null ? -Infinity : v / length[normalization](i)));
  }

  function candidates(q) {
    const choices = questions.choices[q];
    const each = answers.map((a) => ({ a, score: scores(a, q), said: a.chosen[q] }));
    const name = (a) => (seeds > 1 && columns.get(a.arm).length > 1 ? `${a.arm}, seed ${a.seed}` : a.arm);
    if (!choices) {
      return element("table", { class: "likely" }, element("tbody", {}, ...each.map(({ a, said }) =>
        element("tr", {}, element("th", { scope: "row" }, name(a)), element("td", { class: a.correct[q] ? "good" : "bad" }, a.correct[q] ? "✓" : "✗"), element("td", { dir: "auto" }, said ?? "no answer")))));
    }
    const unit = normalization === "none" ? "nats" : `nats per ${normalization}`;
    const head = element("tr", {}, element("th", { scope: "col" }, "candidate"), ...each.map(({ a }) =>
      element("th", { scope: "col", class: a.correct[q] ? "good" : "bad" }, `${a.correct[q] ? "✓" : "✗"} ${name(a)}`)));
    const body = choices.map((choice, i) => element("tr", { class: choice === questions.answer[q] && "right" },
      element("th", { scope: "row", dir: "auto" }, choice),
      ...each.map(({ a, score, said }) => {
        if (!score) return element("td", {}, said === i ? "chosen" : "");
        const top = Math.max(...score), sum = score.reduce((s, v) => s + Math.exp(v - top), 0);
        const bar = element("span", { class: "bar" });
        bar.style.width = `${4.5 * Math.exp(score[i] - top) / sum}rem`;
        return element("td", { class: said === i && "best" }, Number.isFinite(score[i]) ? score[i].toFixed(2) : "−∞", said === i ? element("span", { class: "hide" }, " chosen") : null, bar);
      })));
    return element("div", {},
      element("p", { class: "dim note" }, `Log-likelihood of each candidate, ${unit}; bold: chosen; bars: shares among the candidates.`),
      element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Log-likelihoods" },
        element("table", { class: "likely" }, element("thead", {}, head), element("tbody", {}, ...body))));
  }

  function covered(q) {
    if (!coverage) return [];
    const lines = Object.keys(coverage.arms).filter((arm) => columns.has(arm)).map((arm) =>
      element("li", {}, element("span", { class: taught(arm, q) ? "good" : "dim" }, `${arm}: ${taught(arm, q) ? "taught" : "not taught"}`)));
    const how = found.coverage.method === "solver" ? "decided by the benchmark's solver" : "approximate: by words";
    return [
      element("h4", {}, "Was its inference taught?"),
      element("p", { class: "dim" }, `${coverage.documents[q] ? "The documents themselves state it." : "The documents do not state it."} Coverage is ${how}.`),
      element("ul", { class: "texts" }, ...lines),
      ...some("Accepted texts that state it", coverage.by[q], (t) => textRow(t)),
    ];
  }

  function question(q) {
    const told = [splits[questions.split[q]], kinds[questions.kind[q]], questions.group[q], questions.id[q]];
    return [
      element("p", { class: "dim" }, `Question · ${told.filter((t) => t !== null && t !== undefined).join(" · ")}`),
      element("h3", { class: "text prompt", dir: "auto" }, `${questions.prompt[q]} …`),
      element("p", { dir: "auto" }, "Right answer: ", element("b", {}, questions.answer[q])),
      candidates(q), ...covered(q),
      ...some("Documents of its group", documentsOn.get(questions.group[q]) || [], documentRow),
    ];
  }

  function documentItem(d) {
    const mine = textsOf[d], rejected = mine.filter((t) => !accepted(t));
    const folded = some("Rejected", rejected, (t) => textRow(t, d));
    return [
      element("p", { class: "dim" }, `Document · ${[documents.group[d], documents.id[d]].filter((t) => t !== null).join(" · ")}`),
      element("p", { class: "text", dir: "auto" }, documents.text[d]),
      ...strategies.flatMap((name, s) => some(`${name}, accepted`, mine.filter((t) => accepted(t) && written.strategy[t] === s), (t) => textRow(t, d))),
      ...(mine.length ? folded : [element("p", { class: "dim" }, "Nothing was written from this document.")]),
      ...some("Questions about it, by group or by what was taught", asked(d), questionRow),
    ];
  }

  function textItem(t) {
    return [
      element("p", { class: "dim" }, `Augmentation · ${written.id[t]}`),
      element("h3", { class: "text prompt", dir: "auto" }, written.text[t]), status(t),
      ...some("Sources", written.sources[t], documentRow),
      ...some("Questions whose inference it states", shownBy[t], questionRow),
    ];
  }

  function open(name, i) {
    view = name;
    opened = i;
    byId("item").replaceChildren(...VIEWS[name].item(i));
    byId("item").scrollTop = 0;
  }

  // -- the fragment

  function go(moved) {
    const [, name, more] = location.hash.match(/^#(questions|documents|texts)(?:\?(.*))?$/) || [];
    const [, kind, id] = location.hash.match(/^#(question|document|text)\/(.+)$/) || [];
    if (name) {
      if (name !== view || more !== undefined || moved) state = Object.fromEntries(new URLSearchParams(more || ""));
      view = name;
      page = 0;
      opened = null;
      byId("item").replaceChildren(element("p", { class: "dim" }, "Choose an item of the list."));
    } else if (kind) {
      const target = `${kind}s`, i = place[target].get(decoded(id));
      if (target !== view) { state = {}; page = 0; }
      view = target;
      if (i === undefined) byId("item").replaceChildren(element("p", {}, `There is no ${kind} ${decoded(id)} in this page.`));
      else open(target, i);
    } else if (moved) return;
    filters();
    list(!!kind);
    if (name || kind) {
      const narrow = matchMedia("(max-width: 52rem)").matches;
      (kind && narrow ? byId("item") : byId("browse")).scrollIntoView();
      if (kind) byId("item").focus({ preventScroll: true });
    }
  }
  function decoded(id) { try { return decodeURIComponent(id); } catch { return id; } }

  function missed() {
    const where = (arm, split, more) => `#questions?${new URLSearchParams({ split, arm, answer: "missed", ...more })}`;
    const of = splits.map((_, s) => questions.split.flatMap((split, q) => (split === s ? [q] : [])));
    byId("missed").replaceChildren(
      element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "arm"), ...splits.map((s) => element("th", { scope: "col" }, s)))),
      element("tbody", {}, ...arms.map((arm) => element("tr", {}, element("th", { scope: "row", class: `arm-${arm.split("-")[0]}` }, arm),
        ...splits.map((split, s) => {
          const wrong = of[s].filter((q) => !right(arm, q)), known = wrong.filter((q) => taught(arm, q)).length;
          return element("td", {}, element("a", { href: where(arm, split) }, `${wrong.length} of ${of[s].length}`),
            known ? element("small", {}, " · ", element("a", { href: where(arm, split, { taught: "taught" }) }, `${known} taught`)) : null);
        })))));
  }

  missed();
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("browse").hidden = false;
  window.addEventListener("hashchange", () => go(true));
  go(false);
}

unpacked(read("items")).then(explore).catch((error) => {
  document.getElementById("missed").replaceChildren(element("caption", {}, `The explorer cannot be shown: ${error.message}`));
}).finally(() => {
  const part = /^#[a-z]+$/.test(location.hash) && document.querySelector(`main ${location.hash}`);
  if (part) part.scrollIntoView();
  document.documentElement.setAttribute("data-ready", "");
});
