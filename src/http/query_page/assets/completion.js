// Suggestions in a text area. The focus stays in the text area; `aria-activedescendant` names the chosen option.
import { suggestionsAt } from "./cursor.js";

/** Number of suggestions that are shown at once. The list does not scroll, because it never has the focus. */
const VISIBLE = 8;

/**
 * Adds suggestions to a text area. `list` is the element with the role `listbox` in the same positioned container,
 * `status` a live region. `schema()` returns the schema, or null; `unavailable()` says why there is none.
 */
export function addCompletion({ area, list, status, schema, unavailable }) {
  let from = 0;
  let items = [];
  let chosen = 0;

  function close() {
    items = [];
    list.hidden = true;
    list.replaceChildren();
    area.removeAttribute("aria-activedescendant");
  }

  function open(isRequested) {
    const types = schema();
    if (!types) {
      if (isRequested) status.textContent = unavailable();
      return;
    }
    const found = suggestionsAt(types, area.value, area.selectionStart);
    const isComplete = found.items.length === 1 && found.items[0].name === found.word;
    if (found.items.length === 0 || (isComplete && !isRequested)) {
      close();
      status.textContent = isRequested ? "No suggestions here." : "";
      return;
    }
    ({ from } = found);
    ({ items } = found);
    list.hidden = false;
    choose(0);
  }

  function option({ name, detail, description }, index) {
    const element = document.createElement("li");
    element.id = `suggestion-${index}`;
    element.setAttribute("role", "option");
    element.setAttribute("aria-selected", index === chosen);
    element.setAttribute("aria-posinset", index + 1);
    element.setAttribute("aria-setsize", items.length);
    const part = (className, textContent) => Object.assign(document.createElement("span"), { className, textContent });
    element.append(part("name", name), part("type", detail ? ` ${detail}` : ""));
    if (description) element.title = description;
    // The text area must keep the focus.
    element.addEventListener("pointerdown", (event) => event.preventDefault());
    element.addEventListener("click", () => accept(index));
    return element;
  }

  /** Places the list below the line of the cursor. The text area does not wrap lines and has a fixed-width font. */
  function place() {
    const style = getComputedStyle(area);
    const before = area.value.slice(0, from);
    const column = before.slice(before.lastIndexOf("\n") + 1).length;
    const line = before.split("\n").length;
    const context = document.createElement("canvas").getContext("2d");
    context.font = style.font;
    const left = area.offsetLeft + parseFloat(style.paddingLeft) + column * context.measureText("0").width - area.scrollLeft;
    const top = area.offsetTop + parseFloat(style.paddingTop) + line * parseFloat(style.lineHeight) - area.scrollTop;
    const rightmost = area.offsetLeft + area.offsetWidth - list.offsetWidth;
    list.style.left = `${Math.max(area.offsetLeft, Math.min(left, rightmost))}px`;
    list.style.top = `${Math.min(top, area.offsetTop + area.offsetHeight)}px`;
  }

  /** Chooses a suggestion, and shows it with its neighbours. */
  function choose(index) {
    chosen = (index + items.length) % items.length;
    const first = Math.max(0, Math.min(chosen - VISIBLE / 2, items.length - VISIBLE));
    list.replaceChildren(...items.slice(first, first + VISIBLE).map((item, at) => option(item, first + at)));
    place();
    area.setAttribute("aria-activedescendant", `suggestion-${chosen}`);
    const { name, detail } = items[chosen];
    status.textContent = `${name}${detail ? ` ${detail}` : ""}, ${chosen + 1} of ${items.length}`;
  }

  function accept(index) {
    const { name } = items[index];
    // Replaces the text as the keyboard does, so that the browser can undo it.
    area.focus();
    area.setSelectionRange(from, area.selectionStart);
    close();
    if (!document.execCommand("insertText", false, name)) area.setRangeText(name, from, area.selectionEnd, "end");
    close();
    status.textContent = `${name} inserted.`;
  }

  area.addEventListener("keydown", (event) => {
    if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      open(true);
    } else if (items.length === 0 || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      choose(chosen + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter" || (event.key === "Tab" && !event.shiftKey)) {
      event.preventDefault();
      accept(chosen);
    } else if (event.key === "Escape") {
      event.preventDefault();
      close();
      status.textContent = "Suggestions closed.";
    } else if (["ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown"].includes(event.key)) {
      close();
    }
  });
  area.addEventListener("input", ({ inputType, data }) => {
    const isTyped = inputType === "insertText" && /^[_0-9A-Za-z]$/.test(data ?? "");
    const isNarrowed = inputType === "deleteContentBackward" && items.length > 0;
    if (isTyped || isNarrowed) open(false);
    else close();
  });
  area.addEventListener("blur", close);
  area.addEventListener("scroll", () => items.length > 0 && place());
}
