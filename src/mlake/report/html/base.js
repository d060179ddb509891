// What every part of the page needs: packed data, elements made from text, numbers and places as text.

const SUMMARY = JSON.parse(document.getElementById("data-summary").textContent);
const byId = (id) => document.getElementById(id);
const HEADLINE = "contains";

const unpacking = new Map();

/** The text of a packed part of the page; unpacked once, when it is first asked for. */
function unpacked(name) {
  if (!unpacking.has(name)) unpacking.set(name, unpack(`data-${name}`));
  return unpacking.get(name);
}

async function unpack(id) {
  const coded = atob(byId(id).textContent);
  byId(id).textContent = "";
  const bytes = new Uint8Array(coded.length);
  for (let place = 0; place < coded.length; place++) bytes[place] = coded.charCodeAt(place);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

const parsing = new Map();

function parsed(name) {
  if (!parsing.has(name)) parsing.set(name, unpacked(name).then(JSON.parse));
  return parsing.get(name);
}

// Control and direction characters, and halves of surrogate pairs; tab and line feed are left.
const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]/gu;

/** Untrusted text as it can be shown: nothing hidden, nothing that turns its direction. */
function visible(text) {
  return String(text).replace(INVISIBLE, (mark) => {
    const code = mark.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    return `⟨U+${code}⟩`;
  });
}

const LONGEST = 1000; // characters that are shown of a text at first: endless words keep a browser busy for minutes
const PIECE = 200; // characters between two places where a line may break

const PLAIN = new Set(["a", "button", "option"]); // hold no button

/** The first characters of a text, and a mark where there are more. */
const beginning = (text, most) => (text.length <= most ? text : `${text.slice(0, most).replace(/[\ud800-\udbff]$/, "")}…`);

/** A text as nodes: all of it, or its beginning and a button for the rest. */
function shownText(text) {
  if (text.length <= LONGEST) return [text];
  const whole = () => text.match(new RegExp(`[^]{1,${PIECE}}`, "gu")).flatMap((piece) => [piece, document.createElement("wbr")]);
  const more = document.createElement("button");
  more.type = "button";
  more.className = "more";
  more.textContent = `show all ${text.length} characters`;
  const rest = document.createElement("span");
  rest.append(beginning(text, LONGEST), " ", more);
  more.addEventListener("click", (event) => {
    event.stopPropagation(); // in a row that leads elsewhere
    rest.replaceChildren(...whole());
  });
  return [rest];
}

/** An element; texts among its children become text nodes, so data never becomes markup. */
function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : visible(value));
  }
  for (const child of children.flat()) {
    if (child === null) continue;
    if (child instanceof Node) made.append(child);
    else made.append(...(PLAIN.has(tag) ? [beginning(visible(child), PIECE)] : shownText(visible(child))));
  }
  return made;
}

/** Text in a language of the data: fonts and screen readers go by the tag. */
function said(text, lang, attributes = {}) {
  return el("span", { lang: tagOf(lang), dir: "auto", class: "said", ...attributes }, text === "" ? "(empty)" : text);
}

const tagOf = (lang) => SUMMARY.languages[lang]?.tag ?? "und";
const members = (edit) => edit?.split("+") ?? [];
const langName = (lang) => (lang === null ? "unedited" : members(lang).map((one) => SUMMARY.languages[one]?.name ?? one).join(" + "));
const kindName = (kind) => SUMMARY.kinds[kind] ?? kind;
const isPercent = (scorer) => SUMMARY.scorers[scorer]?.percent ?? false;

/** A mean as text: percent where the scorer gives 0 to 1, else as it is. */
function meanText(value, scorer) {
  if (value === null) return "–";
  return isPercent(scorer) ? (100 * value).toFixed(1) : plainNumber(value);
}

function intervalText(low, high, scorer) {
  if (low === null || high === null) return "";
  const digits = (value) => (isPercent(scorer) ? (100 * value).toFixed(0) : plainNumber(value));
  return `${digits(low)}–${digits(high)}`;
}

/** Two decimals, or two digits where these would hide a small number. */
function plainNumber(value) {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) < 0.005 ? String(Number(value.toPrecision(2))) : value.toFixed(2);
}

/** The score of one answer. */
function scoreText(value) {
  return value === null || value === undefined ? "–" : plainNumber(value);
}

// Places: "#answers?run=0&kind=direct". A lone surrogate cannot stand in an address.
const wellFormed = (text) => String(text).toWellFormed();

function place(view, query) {
  const known = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return `#${view}?${new URLSearchParams(known.map(([name, value]) => [name, wellFormed(value)]))}`;
}

function parsePlace(hash) {
  const [view, query = ""] = hash.replace(/^#/, "").split("?");
  return { view, query: Object.fromEntries(new URLSearchParams(query)) };
}

/** A select with a label; `options` are pairs of value and text. */
function picker(label, name, options, chosen, changed) {
  const select = el("select", { name });
  for (const [value, text] of options) select.append(el("option", { value, selected: value === chosen }, text));
  select.addEventListener("change", () => changed(select.value));
  return el("label", {}, el("span", {}, label), select);
}

function button(text, pressed, attributes = {}) {
  const made = el("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", pressed);
  return made;
}

/** Tell everybody, those who hear the page included. */
function announce(text) {
  byId("said").textContent = visible(text);
}

function fail(error) {
  byId("failure").textContent = visible(`This part of the page cannot be shown: ${error?.message ?? error}`);
  byId("failure").hidden = false;
}
