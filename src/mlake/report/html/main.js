// Where the reader is: the address says it, everything else follows.

const VIEWS = { answers: showAnswers, fact: showFact };
let overviewTop = 0;
let overviewFocus = null;
let current = null;

async function follow() {
  const { view, query } = parsePlace(location.hash);
  const known = Object.hasOwn(VIEWS, view) ? view : "overview";
  if (current === "overview" && known !== "overview") {
    overviewTop = scrollY;
    overviewFocus = document.activeElement;
  }
  const before = current;
  current = known;
  byId("failure").hidden = true;
  if (known === "overview") return backToOverview(before, view);
  if (known === "answers") answersPlace = location.hash;
  byId("main").setAttribute("aria-busy", "true");
  const here = location.hash;
  await VIEWS[known](query);
  if (parsePlace(location.hash).view !== parsePlace(here).view) return; // the reader went on
  reveal(known);
  byId("main").removeAttribute("aria-busy");
  scrollTo(0, 0);
  byId(`${known}-title`)?.focus({ preventScroll: true });
}

function reveal(view) {
  byId("overview").hidden = view !== "overview";
  for (const name of Object.keys(VIEWS)) {
    byId(`${name}-view`).hidden = name !== view;
    if (name !== view) byId(`${name}-view`).replaceChildren();
  }
  document.title = view === "overview" ? "mlake report" : `${byId(`${view}-title`)?.textContent ?? ""} – mlake report`;
}

function backToOverview(before, section) {
  reveal("overview");
  const target = section && byId(section);
  if (target) return target.scrollIntoView();
  if (before && before !== "overview") {
    scrollTo(0, overviewTop);
    overviewFocus?.focus({ preventScroll: true });
  }
}

/** Escape goes up: from a fact to the answers, from answers to the overview. */
function onKey(event) {
  if (event.key !== "Escape" || event.target.closest?.("input, select, textarea") || current === "overview") return;
  document.querySelector(`#${current}-view .up`)?.click();
}

const THEMES = ["system", "light", "dark"];

function nextTheme() {
  const root = document.documentElement;
  const next = THEMES[(THEMES.indexOf(root.dataset.theme ?? "system") + 1) % THEMES.length];
  root.dataset.theme = next;
  byId("theme").setAttribute("aria-label", `Theme: ${next}`);
  byId("theme").lastElementChild.textContent = next;
}

function start() {
  history.scrollRestoration = "manual";
  byId("theme").addEventListener("click", nextTheme);
  showOverview();
  showFigures();
  showTables();
  showLeftOut();
  for (const link of document.querySelectorAll("[data-needs]")) link.hidden = byId(link.dataset.needs).hidden;
  addEventListener("hashchange", () => follow().catch(fail));
  addEventListener("keydown", onKey);
  return follow();
}

start().catch(fail);
