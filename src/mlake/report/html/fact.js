// One fact: every question about it, and every answer before and after, in every language.

async function showFact(query) {
  const view = byId("fact-view");
  const run = await runOf(query);
  const fact = run ? run.facts.findIndex((name) => wellFormed(name) === query.fact) : -1;
  if (fact < 0) return view.replaceChildren(el("p", {}, "There is no such fact here."), el("p", {}, el("a", { href: "#" }, "Back to the results")));
  const rows = rowsByProbe(run, fact);
  const kinds = [...new Set([...rows.values()].flat().map((row) => run.asked.kind[row]))].sort((one, two) => one - two);
  const parts = [
    el("p", { class: "crumbs" }, el("a", { href: "#" }, "Results"), " / ", el("a", { href: lastAnswers(run), class: "up" }, "Answers"), " / Fact"),
    el("h1", { tabindex: "-1", id: "fact-title" }, run.facts[fact]),
    el("p", { class: "signature" }, run.info.title),
    await otherRuns(run, run.facts[fact]),
    statements(run, fact),
    ...kinds.map((kind) => kindSection(run, kind, rows, query)),
  ];
  view.replaceChildren(...parts.filter(Boolean));
  const marked = view.querySelector(".marked");
  if (marked) requestAnimationFrame(() => marked.scrollIntoView({ block: "center" }));
}

let answersPlace = null;

/** Where the reader came from, or all answers. */
const lastAnswers = (run) => answersPlace ?? place("answers", { run: run.number });

/** Question to its answers, the unedited model's first. */
function rowsByProbe(run, fact) {
  const { asked, probes } = run;
  const rows = new Map();
  probes.fact.forEach((one, probe) => one === fact && rows.set(probe, []));
  asked.probe.forEach((probe, row) => rows.get(probe)?.push(row));
  for (const all of rows.values()) all.sort((one, two) => asked.edit[one] - asked.edit[two] || asked.batch[one] - asked.batch[two]);
  return rows;
}

async function otherRuns(run, fact) {
  const { runs } = await parsed("answers");
  const links = runs
    .map((other, number) => (number !== run.number && other.facts.includes(fact) ? el("a", { href: place("fact", { run: number, fact }) }, SUMMARY.runs[number].title) : null))
    .filter(Boolean);
  return links.length ? el("p", { class: "others" }, "The same fact in: ", links.flatMap((link, number) => (number ? [", ", link] : [link]))) : null;
}

/** What was edited: the direct question in each language, the old and the new answer. */
function statements(run, fact) {
  const { probes, strings } = run;
  const direct = run.kinds.indexOf("direct");
  const lines = [];
  probes.fact.forEach((one, probe) => {
    if (one !== fact || probes.kind[probe] !== direct) return;
    const lang = run.langs[probes.lang[probe]];
    const change = [probes.reject[probe][0], probes.accept[probe][0]].map((name) => (name === undefined ? "–" : said(strings[name], lang)));
    lines.push(el("tr", {}, el("th", { scope: "row" }, langName(lang)), el("td", {}, said(strings[probes.text[probe]], lang)), el("td", { class: "old" }, change[0]), el("td", { class: "new" }, change[1])));
  });
  if (!lines.length) return null;
  const head = ["", "Question", "Old answer", "New answer"].map((name) => el("th", { scope: "col" }, name));
  return el("section", {}, el("h2", {}, "The edit"), wide(el("table", { class: "plain edit" }, el("thead", {}, el("tr", {}, head)), el("tbody", {}, lines)), "The edit"));
}

function kindSection(run, kind, rows, query) {
  const cards = [];
  for (const [probe, all] of rows) {
    const own = all.filter((row) => run.asked.kind[row] === kind);
    if (own.length) cards.push(probeCard(run, probe, own, all, query));
  }
  return el("section", {}, el("h2", {}, kindName(run.kinds[kind])), el("div", { class: "probes" }, cards));
}

/** One question: what is accepted, what the unedited model said, what each edited one said. */
function probeCard(run, probe, own, all, query) {
  const { asked, probes, strings } = run;
  const lang = run.langs[probes.lang[probe]];
  const names = (list) => list.map((name) => said(strings[name], lang, { class: "said name" }));
  const before = own.some((row) => asked.edit[row] === 0) ? [] : all.filter((row) => asked.edit[row] === 0);
  const facts = [
    ["Accepted", names(probes.accept[probe])],
    ["Old answer", names(probes.reject[probe])],
    ["Options", names(probes.options[probe])],
  ].filter(([, list]) => list.length);
  return el(
    "article",
    { class: "probe" },
    el("p", { class: "asked-in" }, langName(lang)),
    el("h3", {}, said(strings[probes.text[probe]], lang)),
    el("dl", { class: "names" }, facts.flatMap(([name, list]) => [el("dt", {}, name), el("dd", {}, list)])),
    answersOf(run, probe, [...before, ...own], lang, query),
  );
}

function answersOf(run, probe, rows, lang, query) {
  const { asked, strings, scores } = run;
  const given = Object.keys(scores).filter((name) => rows.some((row) => scores[name][row] !== null));
  const scorers = given.filter((name) => SUMMARY.scorers[name]?.scores);
  const measures = given.filter((name) => !scorers.includes(name));
  const wanted = wellFormed(strings[run.probes.id[probe]]) === query.probe ? query.edit : null;
  const batches = new Set(rows.map((row) => asked.batch[row]).filter((batch) => batch >= 0)).size > 1;
  const lines = rows.map((row) => {
    const edit = run.edits[asked.edit[row]];
    const label = edit === null ? "before" : `edited in ${langName(edit)}${batches ? `, batch ${asked.batch[row]}` : ""}`;
    const cut = asked.stopped[row] ? null : el("span", { class: "cut", title: "cut at the token limit" }, " …");
    const marked = wanted === (edit ?? "unedited");
    return el(
      "tr",
      { class: `${edit === null ? "before" : ""} ${marked ? "marked" : ""}`.trim() || undefined, "aria-current": marked && "true" },
      el("th", { scope: "row" }, label),
      el("td", { class: "answer" }, said(strings[asked.text[row]], lang), cut, measured(run, row, measures)),
      scorers.map((name) => el("td", { class: "score-cell", "data-label": name }, scoreMark(scores[name][row], name))),
    );
  });
  const head = ["", "Answer", ...scorers].map((name) => el("th", { scope: "col" }, name));
  return wide(el("table", { class: "said-table" }, el("thead", {}, el("tr", {}, head)), el("tbody", {}, lines)), "Answers");
}

/** What the analyses say of an answer, in small print. */
function measured(run, row, measures) {
  const told = measures.filter((name) => run.scores[name][row] !== null).map((name) => `${name} ${scoreText(run.scores[name][row])}`);
  return told.length ? el("small", { class: "measures" }, told.join(" · ")) : null;
}
