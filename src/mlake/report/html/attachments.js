// Figures and tables: shown, copied, downloaded.

function showFigures() {
  const list = SUMMARY.pictures.map(({ name, title, notes, size }, number) => {
    const [, own] = name.match(/^figure(\d+[a-z]?)/) ?? [];
    const numbered = `Figure ${number + 1}. ${title}${own ? ` (Figure ${own} of the paper)` : ""}`;
    const image = el("img", { alt: title, width: Math.round((size[0] * 4) / 3), height: Math.round((size[1] * 4) / 3) });
    const box = el(
      "figure",
      { class: "picture", id: `figure-${name}` },
      el("div", { class: "sheet" }, image),
      el("figcaption", {}, el("b", {}, numbered), notes.map((note) => el("span", { class: "note" }, note))),
      el("p", { class: "files" }, ["SVG", "PNG", "PDF", "CSV"].map((format) => button(format, () => savePicture(name, format.toLowerCase(), image).catch(fail), { "aria-label": `download ${title} as ${format}` }))),
    );
    new IntersectionObserver((entries, watch) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watch.disconnect();
      fillPicture(name, image).catch(fail);
    }, { rootMargin: "800px" }).observe(box);
    return box;
  });
  byId("pictures").replaceChildren(...list);
  byId("figures").hidden = !list.length;
  addEventListener("beforeprint", () => list.forEach((box, number) => fillPicture(SUMMARY.pictures[number].name, box.querySelector("img")).catch(fail)));
}

/** As an image an SVG can run nothing and fetch nothing, whatever stands in it. */
async function fillPicture(name, image) {
  if (image.src) return;
  const { svg } = (await parsed("files"))[`picture ${name}`];
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
}

async function savePicture(name, format, image) {
  const files = (await parsed("files"))[`picture ${name}`];
  if (format === "png") {
    await fillPicture(name, image);
    return save(`${name}.png`, await drawn(image));
  }
  if (format === "pdf") {
    const coded = atob(files.pdf);
    return save(`${name}.pdf`, new Blob([Uint8Array.from(coded, (mark) => mark.charCodeAt(0))], { type: "application/pdf" }));
  }
  return save(`${name}.${format}`, new Blob([files[format]], { type: format === "svg" ? "image/svg+xml" : "text/csv" }));
}

/** An SVG image as PNG, four pixels for each of its own, on white. */
function drawn(image) {
  const canvas = el("canvas", { width: 4 * image.naturalWidth, height: 4 * image.naturalHeight });
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

function save(name, blob) {
  const address = URL.createObjectURL(blob);
  const link = el("a", { download: name.replace(/[^\w.-]+/g, "-") });
  link.href = address;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
  announce(`saved ${name}`);
}

function showTables() {
  const list = SUMMARY.tables.map((one) => {
    const cells = one.rows.map((row) => row.map(valueCell));
    const table = simpleTable(one.columns, cells);
    const box = el(
      "article",
      { class: "data-table", id: `table-${one.name}` },
      el("h3", {}, one.title),
      wide(table, one.title),
      el("div", { class: "notes" }, one.notes.map((note) => el("p", { class: "note" }, note))),
      el(
        "p",
        { class: "files" },
        button("Copy Markdown", (event) => copyTable(one.name, "md", event.target).catch(fail), { "aria-label": `copy ${one.title} as Markdown` }),
        button("Copy LaTeX", (event) => copyTable(one.name, "tex", event.target).catch(fail), { "aria-label": `copy ${one.title} as LaTeX` }),
        button("CSV", () => saveTable(one.name, "csv").catch(fail), { "aria-label": `download ${one.title} as CSV` }),
      ),
    );
    return { box, table };
  });
  byId("table-list").replaceChildren(...list.map(({ box }) => box));
  byId("tables").hidden = !list.length;
  list.forEach(({ table }) => enhance(table).catch(fail));
}

/** What could not be made of the runs, a line each. */
function showLeftOut() {
  byId("left-out-list").replaceChildren(...SUMMARY.leftOut.map((line) => el("li", {}, line)));
  byId("left-out").hidden = !SUMMARY.leftOut.length;
}

/** A fraction stands in a list of its own. */
function valueCell(cell) {
  if (cell === null) return { text: "–", order: "", number: true };
  if (Array.isArray(cell)) return cell[0] === null ? "–" : { text: fraction(cell[0]), order: String(cell[0]), number: true };
  return typeof cell === "number" ? { text: String(cell), order: String(cell), number: true } : cell;
}

const fraction = (value) => (value !== 0 && Math.abs(value) < 0.005 ? plainNumber(value) : value.toFixed(2));

async function saveTable(name, format) {
  save(`${name}.${format}`, new Blob([(await parsed("files"))[name][format]], { type: "text/plain" }));
}

/** To the clipboard, or to a file where the browser gives no clipboard. */
async function copyTable(name, format, pressed) {
  const text = (await parsed("files"))[name][format];
  try {
    await navigator.clipboard.writeText(text);
    flash(pressed, "Copied");
  } catch {
    await saveTable(name, format);
    flash(pressed, "Saved");
  }
}

function flash(pressed, text) {
  pressed.dataset.label ??= pressed.textContent;
  pressed.textContent = text;
  announce(text);
  setTimeout(() => (pressed.textContent = pressed.dataset.label), 1500);
}
