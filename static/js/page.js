// What every page does a little better with scripts; each of these works without them too.
"use strict";

// A page that comes back with errors takes the reader to them.
document.querySelector("[data-focus]")?.focus();

// A link of the error summary leads into a group of choices, not merely next to it.
document.addEventListener("click", (event) => {
  const link = event.target.closest(".notice a[href^='#']");
  const goal = link && document.getElementById(link.hash.slice(1));
  if (!goal) return;
  const control = goal.matches("input, select, textarea") ? goal : goal.querySelector("input");
  if (control) {
    event.preventDefault();
    control.focus();
  }
});

// The menu closes on Escape and on a click elsewhere.
const menu = document.querySelector(".menu");
document.addEventListener("click", (event) => {
  if (menu && !menu.contains(event.target)) menu.open = false;
});
menu?.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// Another text size shows at once and leaves alone what was typed on the page.
document.querySelector("[data-text-size-form]")?.addEventListener("submit", (event) => {
  const form = event.target;
  const chosen = event.submitter;
  event.preventDefault();
  document.documentElement.dataset.textSize = chosen.value;
  for (const button of form.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", button === chosen);
  }
  fetch(form.action, { method: "POST", body: new FormData(form, chosen), redirect: "manual" });
});

document.querySelector("[data-back]")?.addEventListener("click", () => history.back());
