// Tables to sort, search and page through, by DataTables.

let library = null;

/** DataTables; its script runs because the page's policy names its hash. */
async function tableLibrary() {
  library ??= unpacked("library").then((code) => {
    const script = document.createElement("script");
    script.type = "module";
    script.textContent = code;
    const loaded = new Promise((done) => script.addEventListener("load", done, { once: true }));
    document.head.append(script);
    return Promise.race([loaded, ready()]);
  });
  await library;
  globalThis.DataTable.ext.errMode = "throw";
  return globalThis.DataTable;
}

/** An inline module tells nobody that it ran. */
async function ready() {
  while (!globalThis.DataTable) await new Promise((done) => setTimeout(done, 5));
}

const WORDS = {
  emptyTable: "nothing here",
  info: "_START_–_END_ of _TOTAL_",
  infoEmpty: "none",
  infoFiltered: "(of _MAX_)",
  lengthMenu: "_MENU_ a page",
  search: "Search",
  zeroRecords: "nothing found",
  thousands: " ",
};

/** Make a finished table sortable, with search and pages where it is long. */
async function enhance(table) {
  const DataTable = await tableLibrary();
  const count = table.tBodies[0].rows.length;
  new DataTable(table, {
    autoWidth: false,
    info: count > 25,
    language: WORDS,
    layout: { topStart: count > 25 ? "pageLength" : null, topEnd: count > 8 ? "search" : null },
    order: [],
    orderMulti: true,
    pageLength: 25,
    paging: count > 25,
    searching: count > 8,
  });
}

/** A box that scrolls sideways by itself, so that the page never does. */
function wide(table, label) {
  return el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": label }, table);
}

/** A table of cells; each is `{text, order, node, number}` or text. */
function simpleTable(columns, rows, attributes = {}) {
  const head = el("tr", {}, columns.map((name) => el("th", { scope: "col" }, name)));
  const body = rows.map((row) => el("tr", {}, row.map(tableCell)));
  return el("table", { class: "plain", ...attributes }, el("thead", {}, head), el("tbody", {}, body));
}

function tableCell(cell) {
  if (cell === null || typeof cell !== "object") {
    const text = String(cell ?? "–");
    return el("td", { class: text.length <= 16 ? "short" : text.length > 60 ? "long" : undefined }, text);
  }
  return el("td", { "data-order": cell.order, class: cell.number ? "number" : undefined }, cell.node ?? cell.text);
}
