// The overview: a matrix for each run and kind of question, and the methods side by side.

const HEADLINES = ["direct", "multihop"];
const chosen = { scorer: HEADLINE, kind: "" };

function showOverview() {
  const kinds = [...new Set(SUMMARY.runs.flatMap((run) => run.cells.map((cell) => cell[0])))];
  const scorers = Object.keys(SUMMARY.scorers).filter((name) => SUMMARY.runs.some((run) => run.cells.some((cell) => cell[1] === name)));
  if (!scorers.includes(chosen.scorer)) chosen.scorer = scorers[0] ?? HEADLINE;
  byId("choose").replaceChildren(
    picker("Scorer", "scorer", scorers.map((name) => [name, name]), chosen.scorer, (value) => {
      chosen.scorer = value;
      drawRuns(kinds);
    }),
    picker("Questions", "kind", [["", "direct and two-hop"], ...kinds.map((kind) => [kind, kindName(kind)])], chosen.kind, (value) => {
      chosen.kind = value;
      drawRuns(kinds);
    }),
  );
  drawRuns(kinds);
  drawComparison(kinds);
  const versions = new Set(SUMMARY.runs.flatMap((run) => run.signature.filter(([name]) => name === "mlake").map(([, value]) => value)));
  byId("imprint").replaceChildren(`Made by mlake ${visible([...versions].join(", "))}. Intervals: ${SUMMARY.interval}.`);
}

function drawRuns(kinds) {
  const { scorer } = chosen;
  const known = SUMMARY.scorers[scorer];
  byId("meaning").replaceChildren(el("code", {}, known?.signature ?? scorer), ` ${visible(known?.meaning ?? "")}`);
  let wanted = chosen.kind ? [chosen.kind] : HEADLINES;
  const has = (kind) => SUMMARY.runs.some((run) => run.cells.some((cell) => cell[0] === kind && cell[1] === scorer));
  if (!wanted.some(has)) wanted = chosen.kind ? wanted : kinds.filter(has).slice(0, 2);
  const range = rangeOf(scorer);
  byId("scale-low").textContent = isPercent(scorer) ? "0 %" : plainNumber(range[0]);
  byId("scale-high").textContent = isPercent(scorer) ? "100 %" : plainNumber(range[1]);
  const cards = SUMMARY.runs.map((run, number) => runCard(run, number, wanted.filter(has), range));
  byId("runs").replaceChildren(...(cards.length ? cards : [el("p", {}, "No runs on this page.")]));
}

/** From which value to which the colours go: 0 to 1, or what the numbers span. */
function rangeOf(scorer) {
  if (isPercent(scorer)) return [0, 1];
  const values = SUMMARY.runs.flatMap((run) => run.cells.filter((cell) => cell[1] === scorer && cell[5] !== null).map((cell) => cell[5]));
  return values.length ? [Math.min(...values), Math.max(...values)] : [0, 1];
}

function runCard(run, number, kinds, range) {
  const matrices = kinds.map((kind) => matrix(run, number, kind, range)).filter(Boolean);
  const empty = el("p", { class: "quiet" }, "This run has no such answers.");
  const line = run.signature.map(([name, value]) => [el("span", { class: "key" }, name), " ", el("span", {}, shortened(name, value)), " "]);
  const notes = run.notes.map((note) => el("li", {}, note));
  const settings = el("dl", { class: "settings" }, run.settings.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
  return el(
    "article",
    { class: "run", "aria-labelledby": `run-${number}` },
    el("h3", { id: `run-${number}` }, run.title),
    el("p", { class: "signature" }, ...line.map((part) => el("span", { class: "pair" }, part))),
    el("div", { class: "matrices" }, matrices.length ? matrices : empty),
    ...kinds.filter((kind) => run.reasons[kind]?.length).map((kind) => reasonList(run, kind)),
    el("details", {}, el("summary", {}, `Settings${notes.length ? ` and ${notes.length} ${notes.length === 1 ? "note" : "notes"}` : ""}`), notes.length ? el("ul", {}, notes) : null, settings),
  );
}

/** What kept answers from counting, by kind of question. */
function reasonList(run, kind) {
  return el("div", { class: "reasons" }, el("b", {}, kindName(kind)), el("ul", {}, run.reasons[kind].map((line) => el("li", {}, line))));
}

function shortened(name, value) {
  if (name === "data sha256") return value.slice(0, 12);
  const longest = name === "model revision" ? 19 : 60; // a hash in full stands in the settings
  return value.length > longest ? `${value.slice(0, longest)}…` : value;
}

/** One matrix: edited in by asked in. Arrow keys move in it; each cell leads to its answers. */
function matrix(run, number, kind, range) {
  const cells = run.cells.filter((cell) => cell[0] === kind && cell[1] === chosen.scorer);
  if (!cells.length) return null;
  const edits = [...new Set(cells.map((cell) => cell[2]))];
  const tests = [...new Set(cells.map((cell) => cell[3]))];
  const at = new Map(cells.map((cell) => [`${cell[2]} ${cell[3]}`, cell]));
  const heading = (lang, scope) => el("th", { scope, title: langName(lang) }, lang ?? "unedited");
  const rows = edits.map((edit) =>
    el(
      "tr",
      { class: edit === null ? "unedited" : undefined },
      heading(edit, "row"),
      tests.map((test) => matrixCell(at.get(`${edit} ${test}`), number, range)),
    ),
  );
  const counted = (name, count) => {
    const texts = tests.map((test) => countText(cells.filter((cell) => cell[3] === test).map(count)));
    return el("tr", {}, el("th", { scope: "row" }, name), texts.map((text) => el("td", {}, text)));
  };
  const table = el(
    "table",
    { class: "matrix" },
    el("caption", {}, kindName(kind)),
    el("thead", {}, el("tr", {}, el("th", { class: "corner", scope: "col" }, el("span", {}, "edited in ↓"), el("span", {}, "asked in →")), tests.map((test) => heading(test, "col")))),
    el("tbody", {}, rows),
    el("tfoot", {}, counted("n", (cell) => cell[4]), counted("effective n", (cell) => Math.round(cell[8]))),
  );
  arrows(table);
  return table;
}

function matrixCell(cell, number, range) {
  if (!cell) return el("td", { class: "none" }, "–");
  const [kind, scorer, edit, test, n, value, low, high, effective] = cell;
  const share = value === null ? 0 : (value - range[0]) / (range[1] - range[0] || 1);
  const interval = intervalText(low, high, scorer);
  const label = `${edit === null ? "unedited" : `edited in ${langName(edit)}`}, asked in ${langName(test)}: ${meanText(value, scorer)}${isPercent(scorer) ? " %" : ""}${interval ? `, interval ${interval}` : ""}, ${countedText(n, effective)}`;
  const query = { run: number, kind, scorer, edit: edit ?? "unedited", test };
  const shade = `heat c${Math.round(100 * Math.min(1, Math.max(0, share)))}${members(edit).includes(test) ? " own" : ""}`;
  return el("td", {}, el("a", { class: shade, href: place("answers", query), "aria-label": label }, el("b", {}, meanText(value, scorer)), el("small", {}, interval || " ")));
}

/** How many answers there are, and how many independent ones would tell as much. */
function countedText(n, effective) {
  return `${n} answers, effective n ${Math.round(effective)}`;
}

function countText(counts) {
  const least = Math.min(...counts);
  const most = Math.max(...counts);
  return least === most ? String(most) : `${least}–${most}`;
}

/** One stop of the Tab key a matrix, arrow keys inside. */
function arrows(table) {
  const grid = [...table.tBodies[0].rows].map((row) => [...row.cells].slice(1).map((cell) => cell.querySelector("a")));
  const links = grid.flat().filter(Boolean);
  links.forEach((link, number) => link.setAttribute("tabindex", number ? "-1" : "0"));
  table.addEventListener("focusin", (event) => links.forEach((link) => link.setAttribute("tabindex", link === event.target ? "0" : "-1")));
  table.addEventListener("keydown", (event) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step) return;
    let row = grid.findIndex((line) => line.includes(event.target));
    let column = grid[row]?.indexOf(event.target);
    do {
      row += step[0];
      column += step[1];
    } while (grid[row] && column in grid[row] && !grid[row][column]);
    grid[row]?.[column]?.focus();
    event.preventDefault();
  });
}

const TESTS = { unedited: "unedited", same: "language edited in", other: "other languages" };

/** A line a run: what one looks at first when methods are compared. */
function drawComparison(kinds) {
  const shown = HEADLINES.filter((kind) => kinds.includes(kind) && SUMMARY.runs.some((run) => run.compare[kind]?.unedited));
  const kept = SUMMARY.runs.some((run) => run.compare.locality?.kept);
  if (!SUMMARY.runs.length || !shown.length) return;
  const name = (kind) => kindName(kind).replace(/ questions$/, "");
  const columns = ["method", "model", "data", ...shown.flatMap((kind) => Object.values(TESTS).map((test) => `${name(kind)}: ${test}`))];
  if (kept) columns.push("other facts kept");
  const rows = SUMMARY.runs.map((run) => {
    const estimates = shown.flatMap((kind) => Object.keys(TESTS).map((test) => run.compare[kind]?.[test]));
    if (kept) estimates.push(run.compare.locality?.kept);
    return [run.method, run.model, run.data, ...estimates.map(estimateCell)];
  });
  const table = simpleTable(columns, rows, { class: "plain comparison" });
  byId("comparison").replaceChildren(wide(table, "Methods side by side"));
  byId("methods-measures").textContent = ["contains", "unchanged"].map((one) => SUMMARY.scorers[one]?.signature ?? one).join(", ");
  byId("methods").hidden = false;
  enhance(table).catch(fail);
}

/** A mean with a bar for it and its interval. */
function estimateCell(estimate) {
  if (!estimate || estimate[1] === null) return { text: "–", order: "-1", number: true };
  const [n, value, low, high, effective] = estimate;
  const bar = el("span", { class: "bar", "aria-hidden": "true" }, el("i", {}), el("u", {}));
  bar.children[0].style.width = `${100 * value}%`;
  if (low !== null) {
    bar.children[1].style.left = `${100 * low}%`;
    bar.children[1].style.width = `${100 * (high - low)}%`;
  }
  const text = el("span", { title: countedText(n, effective) }, el("b", {}, meanText(value, HEADLINE)), el("small", {}, intervalText(low, high, HEADLINE)));
  return { node: [text, bar], order: String(value), number: true };
}
