// Sets the theme that the reader chose before anything is painted. Without a choice, or without scripts, the system's holds.
"use strict";
try {
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch (error) { /* storage is off: the choice lasts for this page */ }
