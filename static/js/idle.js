// Staff pages sign out when nobody uses them: warn two minutes before, keep what is being typed.
// The clock that counts is the server's; this one only runs a little ahead of it. Without scripts
// nothing is lost either: what is sent too late is kept by the server.
"use strict";

const WARNING = 2 * 60 * 1000;
const SAY_AGAIN = 60 * 1000; // typing counts as use, and is told to the server so often
const SEEN = "seen"; // when a page of ours was last used, in whichever tab; nothing else is kept

class IdleClock {
  constructor(region) {
    this.form = region.querySelector("form");
    this.lasts = Number(region.dataset.idle) * 1000;
    this.address = region.dataset.stay;
    this.told = Date.now();
    this.note(this.told);
    for (const kind of ["keydown", "pointerdown", "input"]) {
      document.addEventListener(kind, (event) => this.use(event), { passive: true });
    }
    document.addEventListener("input", (event) => (this.dirty = event.target.form ?? this.dirty));
    region.querySelector("[data-stay-here]").addEventListener("click", () => this.stay());
    this.form.addEventListener("submit", () => this.fill());
    setInterval(() => this.tick(), 1000);
  }

  get left() {
    return Number(localStorage.getItem(SEEN)) + this.lasts - Date.now();
  }

  note(when) {
    localStorage.setItem(SEEN, when);
  }

  use(event) {
    if (this.form.contains(event.target)) return;
    if (this.left <= 0) return;
    if (!this.form.hidden || Date.now() - this.told > SAY_AGAIN) this.stay();
  }

  async stay() {
    this.told = Date.now();
    this.note(this.told);
    const body = new URLSearchParams({ csrfmiddlewaretoken: this.form.csrfmiddlewaretoken.value });
    const answer = await fetch(this.address, { method: "POST", body, redirect: "manual" }).catch(() => null);
    if (answer && answer.status !== 204) this.leave(); // the server was faster, or signed us out
    else this.form.hidden = true;
  }

  tick() {
    if (this.left <= 0) this.leave();
    else this.form.hidden = this.left > Math.min(WARNING, this.lasts / 2);
  }

  leave() {
    if (this.hasLeft) return;
    this.hasLeft = true;
    this.form.requestSubmit();
  }

  // What is being typed goes with the form that signs out.
  fill() {
    // A selector, as a field may be called `method` and hide the form's own.
    const typed = this.dirty?.matches("main form[method=post]") ? [...new FormData(this.dirty)] : [];
    const words = typed.filter(([, value]) => typeof value === "string");
    this.form.path.value = location.pathname + location.search;
    this.form.fields.value = words.length ? JSON.stringify(words) : "";
  }
}

const idle = document.querySelector("[data-idle]");
if (idle) new IdleClock(idle);

// The form of a draft, filled in again.
async function fillIn(address) {
  const kept = await (await fetch(address)).json();
  if (kept.path !== location.pathname + location.search) return;
  const left = new Map();
  for (const [name, value] of kept.fields) left.set(name, [...(left.get(name) ?? []), value]);
  for (const field of document.querySelectorAll("main form[method=post] [name]")) {
    const values = left.get(field.name);
    if (!values || field.type === "file" || field.name === "csrfmiddlewaretoken") continue;
    if (["radio", "checkbox"].includes(field.type)) field.checked = values.includes(field.value);
    else if (field.type !== "submit") field.value = values.shift() ?? "";
  }
  const form = document.querySelector("main form[method=post]");
  form?.append(Object.assign(document.createElement("input"), { type: "hidden", name: "draft", value: "1" }));
  history.replaceState(null, "", location.pathname + location.search);
}
if (idle && location.hash === "#draft") fillIn(idle.dataset.draft);
