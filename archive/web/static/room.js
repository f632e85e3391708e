// What scripts add to pages that work without them: search while typing, keys, the switch of light and dark.
"use strict";

const box = document.getElementById("q");
const WAIT_MS = 180; // between two keys of a fair typist; shorter would ask for every letter

// --- light and dark ---

const theme = document.querySelector("button.theme");
theme.hidden = false;
theme.addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try { localStorage.setItem("theme", root.dataset.theme); } catch (error) { /* see theme.js */ }
});

// --- search while typing: the results part of the very page that the form would load ---

let timer = 0;
let running = null;

function look(form) {
  const live = document.querySelector("[data-live]");
  if (!live) return;
  if (running) running.abort();
  const address = `${form.getAttribute("action")}?${new URLSearchParams(new FormData(form))}`;
  // XMLHttpRequest parses a document without ever making it live, so nothing in it could run, and no text becomes markup here.
  running = new XMLHttpRequest();
  running.open("GET", address);
  running.responseType = "document";
  running.onload = () => {
    const fresh = running.response && running.response.querySelector("[data-live]");
    if (running.status !== 200 || !fresh) return;
    document.querySelector("[data-live]").replaceWith(document.adoptNode(fresh));
    document.title = running.response.title;
    history.replaceState(null, "", address);
    fold();
  };
  running.send();
}

if (box) {
  box.addEventListener("input", (event) => {
    box.dir = box.value ? "auto" : document.documentElement.dir; // empty, it shows the placeholder
    clearTimeout(timer);
    if (!event.isComposing) timer = setTimeout(look, WAIT_MS, box.form);
  });
}

// On a narrow screen the filters wait folded above the results.
function fold() {
  const filters = document.querySelector(".facets details");
  if (filters && matchMedia("(max-width: 60rem)").matches) filters.open = false;
}
fold();

// --- keys. event.code is the place of the key, so that J and K work on an Arabic keyboard, where they type ت and ن ---

function step(by) {
  const links = [...document.querySelectorAll(".hit h2 a")];
  const next = links[links.indexOf(document.activeElement) + by] || (by > 0 ? links[0] : null);
  if (!links.includes(document.activeElement) && by > 0) links[0]?.focus();
  else next?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const typing = event.target.matches?.("input, textarea, select, [contenteditable]");
  if (event.key === "Escape" && event.target === box) box.blur();
  else if (typing) return;
  else if (event.key === "/" || event.code === "Slash") { box?.focus(); box?.select(); event.preventDefault(); }
  else if (event.code === "KeyJ") step(1);
  else if (event.code === "KeyK") step(-1);
});
