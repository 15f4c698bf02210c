// The usual minutes follow the kind of visit until somebody writes others; buttons write them.
"use strict";

const quick = document.querySelector("[data-minutes-for]");
const minutes = document.getElementById(quick.dataset.minutesFor);
let usual = document.querySelector("[data-usual]:checked")?.dataset.usual;

quick.hidden = false;
quick.addEventListener("click", (event) => {
  if (event.target.value) minutes.value = event.target.value;
});

document.querySelector("[data-visit-form]").addEventListener("change", (event) => {
  const next = event.target.dataset.usual;
  if (!next) return;
  if (minutes.value === usual || !minutes.value) minutes.value = next;
  usual = next;
});
