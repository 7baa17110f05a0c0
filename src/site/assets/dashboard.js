// The dashboard: numbers and dates in the reader's locale, PNG files, copies of queries, and updates when releases
// change. Everything else works without this script.

/** Delay after a change, in milliseconds, so that several changes lead to one update. */
const DELAY = 1000;

/** How long a message is shown, in milliseconds. */
const SHOWN = 5000;

/** Width and height of a PNG file, relative to those of the SVG. */
const PNG_SCALE = 2;

/**
 * A name, which is between two characters that isolate its direction, or a number with a separator of thousands or decimals,
 * as the page writes it. Years have no separator.
 */
const NAME_OR_NUMBER = /\u2068[^\u2069]*\u2069|\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+/g;

/**
 * Writes numbers and instants as the reader's locale does. The page is written in English. Names of topics and places are
 * in `bdi` or have a language, and stay as they are.
 */
function localize(root) {
  const locale = navigator.language || "en";
  const format = (text) => text.replace(NAME_OR_NUMBER, (number) => {
    if (number.startsWith("\u2068")) return number;
    const decimals = number.split(".")[1]?.length ?? 0;
    const options = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
    return Number(number.replaceAll(",", "")).toLocaleString(locale, options);
  });
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode;
    if (!node.parentElement.closest("bdi, [lang]:not(html), pre, code, textarea")) node.data = format(node.data);
  }
  for (const element of root.querySelectorAll("[aria-label]")) {
    element.setAttribute("aria-label", format(element.getAttribute("aria-label")));
  }
  for (const element of root.querySelectorAll("time[data-zone]")) {
    try {
      element.textContent = new Date(element.dateTime).toLocaleString(locale, {
        day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
        timeZone: element.dataset.zone,
      });
      element.lang = locale;
    } catch {
      // The browser does not know the time zone. The text of the server stays.
    }
  }
}

/** Saves a chart as PNG. The file of the chart has a white ground and its own colours. */
async function savePng(button) {
  const response = await fetch(button.dataset.png);
  if (!response.ok) throw new Error(`status ${response.status}`);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(await response.text())}`;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), {
    width: image.naturalWidth * PNG_SCALE,
    height: image.naturalHeight * PNG_SCALE,
  });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: button.dataset.name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), DELAY);
}

/** Copies the text of an element. Without access to the clipboard, selects it. */
async function copy(button) {
  const element = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(element.textContent);
    say("Copied.");
  } catch {
    getSelection().selectAllChildren(element);
    say("Selected. Copy it with the keyboard.");
  }
}

/** Shows a message for a moment. Screen readers announce it. */
function say(text) {
  const live = document.getElementById("live");
  live.textContent = text;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { live.textContent = ""; }, SHOWN);
}

/** Returns the texts of the parts of a page, before they are written for a locale. */
function texts(root) {
  return JSON.stringify([...root.querySelectorAll("#state, .panel table, figcaption")].map(({ textContent }) => textContent));
}

/** Makes the buttons of a page work that need this script. */
function enable(root) {
  for (const button of root.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
  for (const button of root.querySelectorAll("button[data-png]")) {
    button.parentElement.hidden = false;
    button.addEventListener("click", () => savePng(button).catch((error) => say(`The PNG file was not made: ${error.message}.`)));
  }
  const zones = root.querySelector("#zones");
  if (zones && Intl.supportedValuesOf) {
    zones.append(...Intl.supportedValuesOf("timeZone").map((value) => Object.assign(document.createElement("option"), { value })));
  }
}

/** Loads the page again as a document. `XMLHttpRequest` parses it without running scripts. */
function load() {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.responseType = "document";
    request.open("GET", location.href);
    request.setRequestHeader("cache-control", "no-cache");
    request.onload = () => (request.status === 200 ? done(request.response) : fail(new Error(`status ${request.status}`)));
    request.onerror = () => fail(new Error("no response"));
    request.send();
  });
}

/** The parts of the page that are replaced. The form is none of them, so nothing that is typed is lost. */
const PARTS = ["state", "panels"];

/** Returns how an element can be found again in a new version of the page. */
function selectorOf(element) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  const parent = element.closest("[id]");
  const path = [];
  for (let node = element; node && node !== parent; node = node.parentElement) {
    path.unshift(`:nth-child(${[...node.parentElement.children].indexOf(node) + 1})`);
  }
  return `#${CSS.escape(parent.id)} > ${path.join(" > ")}`;
}

/** Replaces the numbers of the page if they have changed. Keeps open details and the focus. */
async function update() {
  const fresh = await load();
  const found = texts(fresh);
  if (found === latest || !fresh.getElementById("dashboard")) return;
  latest = found;
  const open = [...document.querySelectorAll("#panels details[open]")].map(({ id }) => id);
  const focused = document.activeElement.closest("#state, #panels") && selectorOf(document.activeElement);
  for (const id of PARTS) {
    const part = document.getElementById(id);
    part.replaceChildren(...document.importNode(fresh.getElementById(id), true).childNodes);
    localize(part);
  }
  open.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
  enable(document.getElementById("panels"));
  if (focused) document.querySelector(focused)?.focus({ preventScroll: true });
  say("Updated.");
}

/** Updates the page when releases change. */
function follow(address) {
  const query = "subscription { releaseChanged { sequence } }";
  const changes = new EventSource(`${address}?query=${encodeURIComponent(query)}`);
  let timer;
  const soon = () => {
    clearTimeout(timer);
    // Not all readers load the page at the same instant.
    timer = setTimeout(() => update().catch(() => say("These numbers may be out of date.")), DELAY * (1 + Math.random()));
  };
  changes.addEventListener("next", soon);
  // After an interruption there may have been changes.
  changes.addEventListener("open", soon);
  addEventListener("pagehide", () => changes.close(), { once: true });
}

const dashboard = document.getElementById("dashboard");
/** The texts of the page when it was last loaded. */
let latest = texts(document);
localize(document.getElementById("content"));
if (dashboard) {
  enable(dashboard);
  follow(dashboard.dataset.stream);
  // The browser shows the page again without loading it.
  addEventListener("pageshow", (event) => {
    if (event.persisted) follow(dashboard.dataset.stream);
  });
}
