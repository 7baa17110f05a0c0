// Suggestions for the search box. Pages work without this script.

const DELAY = 150;

/** Fills the list of suggestions of a search box while somebody types. */
function suggest(input) {
  const list = document.getElementById("suggestions");
  let timer;
  let newest = 0;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const number = (newest += 1);
      const text = input.value.trim();
      const texts = text === "" ? [] : await load(`${input.dataset.suggestions}?q=${encodeURIComponent(text)}`);
      if (number === newest) {
        list.replaceChildren(...texts.map((value) => Object.assign(document.createElement("option"), { value })));
      }
    }, DELAY);
  });
}

/** Loads a list of texts. A failure gives an empty list, because the search works without suggestions. */
async function load(address) {
  try {
    const response = await fetch(address);
    return response.ok ? await response.json() : [];
  } catch {
    return [];
  }
}

for (const input of document.querySelectorAll("input[data-suggestions]")) {
  suggest(input);
}
