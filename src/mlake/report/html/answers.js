// Answers: filtered, searched, sorted, a page at a time. They stay columns of numbers; only what is seen is made.

const ANY = "";
const FIRST_SIZE = 25;

/** The run with its columns, or null where there is none. */
async function runOf(query) {
  const { runs, strings } = await parsed("answers");
  const number = Number(query.run ?? 0);
  return runs[number] ? { number, strings, info: SUMMARY.runs[number], ...runs[number] } : null;
}

async function showAnswers(query) {
  const view = byId("answers-view");
  const run = await runOf(query);
  if (!run) return view.replaceChildren(el("p", {}, "There are no answers here."), el("p", {}, el("a", { href: "#" }, "Back to the results")));
  const scorer = Object.hasOwn(run.scores, query.scorer ?? "") ? query.scorer : Object.hasOwn(run.scores, HEADLINE) ? HEADLINE : Object.keys(run.scores)[0];
  const columns = answerColumns(run, query, scorer);
  const table = el("table", { class: "answers" }, el("thead", {}, el("tr", {}, columns.map((column) => el("th", { scope: "col" }, column.title)))));
  const heading = el("h1", { tabindex: "-1", id: "answers-title" }, answersTitle(query));
  view.replaceChildren(
    el("p", { class: "crumbs" }, el("a", { href: "#", class: "up" }, "Results"), " / Answers"),
    heading,
    el("p", { class: "signature" }, run.info.title, cellSummary(run, query, scorer)),
    answerFilters(run, query, scorer),
    table,
  );
  await answerTable(table, run, query, scorer, columns);
}

function answersTitle({ edit, test, kind }) {
  const parts = [];
  if (kind) parts.push(kindName(kind));
  if (edit) parts.push(edit === "unedited" ? "unedited" : `edited in ${langName(edit)}`);
  if (test) parts.push(`asked in ${langName(test)}`);
  const title = parts.join(", ") || "All answers";
  return title[0].toUpperCase() + title.slice(1);
}

/** The cell's number, where the filters name a cell. */
function cellSummary(run, query, scorer) {
  const edit = query.edit === "unedited" ? null : query.edit;
  const cell = run.info.cells.find((one) => one[0] === query.kind && one[1] === scorer && one[2] === edit && one[3] === query.test);
  if (!cell) return null;
  const interval = intervalText(cell[6], cell[7], scorer);
  const mean = el("b", { class: "big" }, `${meanText(cell[5], scorer)}${isPercent(scorer) ? " %" : ""}`);
  return el("span", { class: "cell-summary" }, mean, ` ${scorer}${interval ? `, 95 % interval ${interval}` : ""}, ${countedText(cell[4], cell[8])}`);
}

function answerFilters(run, query, scorer) {
  const go = (change) => (location.hash = place("answers", { ...parsePlace(location.hash).query, start: ANY, ...change }));
  const langs = (codes) => codes.map((code) => [code ?? "unedited", langName(code)]);
  const pick = (label, name, options) => picker(label, name, [[ANY, "any"], ...options], query[name] ?? ANY, (value) => go({ [name]: value }));
  const pickers = [
    pick("Edited in", "edit", [...langs(run.edits)]),
    pick("Asked in", "test", langs(run.langs)),
    pick("Questions", "kind", run.kinds.map((kind) => [kind, kindName(kind)])),
    picker("Scorer", "scorer", Object.keys(run.scores).map((name) => [name, name]), scorer, (value) => go({ scorer: value })),
    pick("Score", "score", [["1", "1"], ["0", "0"], ["none", "not scored"]]),
  ];
  if (SUMMARY.runs.length > 1) {
    const runs = SUMMARY.runs.map((one, number) => [String(number), one.title]);
    pickers.unshift(picker("Run", "run", runs, String(run.number), (value) => go({ run: value })));
  }
  return el("div", { class: "controls" }, pickers);
}

/** Columns: how a row shows there, and what it is sorted by. Those that a filter fixes are left out. */
function answerColumns(run, query, scorer) {
  const { asked, probes, strings, scores } = run;
  const probe = (row) => asked.probe[row];
  const lang = (row) => run.langs[probes.lang[probe(row)]];
  const text = (place, row) => (place < 0 ? "–" : said(strings[place], lang(row)));
  const first = (row) => probes.accept[probe(row)][0] ?? -1;
  const all = [
    { name: "fact", title: "Fact", show: (row) => factLink(run, row), order: (row) => probes.fact[probe(row)] },
    { name: "edit", title: "Edited in", show: (row) => langName(run.edits[asked.edit[row]]), order: (row) => asked.edit[row] },
    { name: "test", title: "Asked in", show: (row) => langName(lang(row)), order: (row) => probes.lang[probe(row)] },
    { name: "kind", title: "Questions", show: (row) => kindName(run.kinds[asked.kind[row]]), order: (row) => asked.kind[row] },
    { name: "score", title: scorer ?? "Score", show: (row) => scoreMark(scores[scorer]?.[row], scorer), order: (row) => scores[scorer]?.[row] ?? -Infinity },
    { name: "question", title: "Question", show: (row) => text(probes.text[probe(row)], row), text: (row) => probes.text[probe(row)] },
    { name: "accept", title: "Accepted", show: (row) => text(first(row), row), text: first },
    { name: "before", title: "Before", show: (row) => text(asked.before[row], row), text: (row) => asked.before[row] },
    { name: "after", title: query.edit === "unedited" ? "Answer" : "After", show: (row) => text(asked.text[row], row), text: (row) => asked.text[row] },
  ];
  return all.filter(({ name }) => !(name in { edit: 1, test: 1, kind: 1 } && query[name]) && !(name === "before" && query.edit === "unedited"));
}

function scoreMark(value, scorer) {
  return el("span", { class: isPercent(scorer) && value === 1 ? "score full" : "score" }, scoreText(value));
}

function factLink(run, row) {
  const probe = run.asked.probe[row];
  const fact = run.facts[run.probes.fact[probe]];
  const query = { run: run.number, fact, probe: run.strings[run.probes.id[probe]], edit: run.edits[run.asked.edit[row]] ?? "unedited" };
  return el("a", { href: place("fact", query) }, fact);
}

/** DataTables asks for a page at a time; the columns answer. */
async function answerTable(table, run, query, scorer, columns) {
  const DataTable = await tableLibrary();
  if (!table.isConnected) return; // the reader went on
  const [column, direction] = (query.sort ?? "").split(".");
  const place = columns.findIndex(({ name }) => name === column);
  const chosenRows = filtered(run, query, scorer);
  const size = Number(query.size) || FIRST_SIZE;
  const grid = new DataTable(table, {
    ajax: (request, give) => give(answerPage(request, run, chosenRows, columns)),
    autoWidth: false,
    columns: columns.map(({ show, name }) => ({ className: `col-${name}`, data: null, render: (row, use) => (use === "display" ? show(row) : row) })),
    createdRow: (line) => labelled(line, columns),
    displayStart: Number(query.start) || 0,
    language: WORDS,
    layout: { topStart: "search", topEnd: "pageLength" },
    lengthMenu: [10, 25, 50, 100, 500],
    order: place < 0 ? [] : [[place, direction === "desc" ? "desc" : "asc"]],
    pageLength: size,
    search: { search: query.q ?? "" },
    searchDelay: 200,
    serverSide: true,
  });
  grid.on("draw", () => table.isConnected && keepPlace(grid, query, columns));
  table.addEventListener("click", (event) => {
    const link = event.target.closest("tbody tr")?.querySelector("a");
    if (link && !event.target.closest("a, button") && !String(getSelection())) link.click();
  });
}

/** On a phone each cell stands under its own label. */
function labelled(line, columns) {
  [...line.cells].forEach((cell, number) => (cell.dataset.label = columns[number].title));
}

/** The address follows search, order and page, without a step of its own in the history. */
function keepPlace(grid, query, columns) {
  const [order] = grid.order();
  const info = grid.page.info();
  const now = {
    ...query,
    q: grid.search(),
    sort: order?.[1] ? `${columns[order[0]].name}.${order[1]}` : ANY,
    start: info.start || ANY,
    size: info.length === FIRST_SIZE ? ANY : info.length,
  };
  answersPlace = place("answers", now);
  history.replaceState(history.state, "", answersPlace);
}

/** Numbers of the answers that the filters let through, in their order. */
function filtered(run, query, scorer) {
  const { asked, probes } = run;
  const edit = query.edit ? run.edits.indexOf(query.edit === "unedited" ? null : query.edit) : null;
  const test = query.test ? run.langs.indexOf(query.test) : null;
  const kind = query.kind ? run.kinds.indexOf(query.kind) : null;
  const score = { 0: 0, 1: 1, none: null }[query.score];
  const values = run.scores[scorer] ?? [];
  const rows = [];
  for (let row = 0; row < asked.probe.length; row++) {
    if (edit !== null && asked.edit[row] !== edit) continue;
    if (kind !== null && asked.kind[row] !== kind) continue;
    if (test !== null && probes.lang[asked.probe[row]] !== test) continue;
    if (score !== undefined && (values[row] ?? null) !== score) continue;
    rows.push(row);
  }
  return rows;
}

function answerPage(request, run, rows, columns) {
  const wanted = request.search.value.trim();
  const found = wanted ? searched(run, rows, wanted) : rows;
  const sorted = request.order.length ? ordered(run, found, columns[request.order[0].column], request.order[0].dir) : found;
  const page = sorted.slice(request.start, request.start + request.length);
  return { draw: request.draw, recordsTotal: rows.length, recordsFiltered: found.length, data: page };
}

const plainForm = (text) => text.normalize("NFKC").toLowerCase();
let forms = null;

/** All texts in the form in which they are compared. */
const formsOf = (run) => (forms ??= run.strings.map(plainForm));

/** Answers in which every word stands somewhere: in fact, question, accepted answers, before or after. */
function searched(run, rows, wanted) {
  const { asked, probes } = run;
  return plainForm(wanted)
    .split(/\s+/)
    .reduce((left, word) => {
      const inText = Uint8Array.from(formsOf(run), (form) => form.includes(word));
      const inFact = run.facts.map((fact) => plainForm(fact).includes(word));
      const inProbe = probes.text.map((text, probe) => inText[text] || inFact[probes.fact[probe]] || probes.accept[probe].some((name) => inText[name]));
      return left.filter((row) => inText[asked.text[row]] || inProbe[asked.probe[row]] || (asked.before[row] >= 0 && inText[asked.before[row]]));
    }, rows);
}

let ranks = null;

function ordered(run, rows, column, direction) {
  const key = column.order ?? textRank(run, column.text);
  const keys = new Map(rows.map((row) => [row, key(row)]));
  const sign = direction === "desc" ? -1 : 1;
  return [...rows].sort((one, two) => {
    const [left, right] = [keys.get(one), keys.get(two)];
    return left === right ? one - two : left < right ? -sign : sign;
  });
}

/** Order of texts as a number: each text is compared once, not once an answer. */
function textRank(run, text) {
  if (!ranks) {
    ranks = new Int32Array(run.strings.length);
    const places = run.strings.map((_, number) => number);
    const by = formsOf(run);
    places.sort((one, two) => (by[one] < by[two] ? -1 : by[one] > by[two] ? 1 : 0)).forEach((number, rank) => (ranks[number] = rank));
  }
  return (row) => (text(row) < 0 ? -1 : ranks[text(row)]);
}
