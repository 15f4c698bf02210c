// Looks people up while a name is typed: the ARIA combobox pattern over a box that also works alone.
// Tab takes the first of the list; ArrowDown in an empty box offers whom it was last time.
"use strict";

const WAIT = 60;

class Combobox {
  constructor(root) {
    this.root = root;
    this.input = root.querySelector("input[type=text]");
    this.key = root.querySelector("[data-key]");
    this.chosenFor = root.querySelector("[data-for]");
    this.options = [];
    this.active = -1;
    this.asked = null; // the text that the list answers, or is about to
    this.build();
    this.listen();
  }

  build() {
    this.list = document.createElement("ul");
    this.list.id = `${this.input.id}_list`;
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", document.querySelector(`label[for="${this.input.id}"]`).textContent.trim());
    this.list.hidden = true;
    this.list.tabIndex = -1; // or Tab would stop at a list that is long enough to scroll
    this.input.after(this.list);
    const attributes = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.list.id };
    for (const [name, value] of Object.entries(attributes)) this.input.setAttribute(name, value);
  }

  listen() {
    this.input.addEventListener("input", () => this.typed());
    this.input.addEventListener("keydown", (event) => this.pressed(event));
    this.input.addEventListener("blur", () => this.leave());
    this.list.addEventListener("mousedown", (event) => event.preventDefault()); // keeps the focus
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.choose(option);
    });
  }

  get isChosen() {
    return this.key.value !== "" && this.chosenFor.value === this.input.value;
  }

  typed() {
    this.key.value = this.chosenFor.value = "";
    this.forget();
    if (this.input.value.trim()) this.timer = setTimeout(() => this.ask(), WAIT);
    else this.close();
  }

  drop() {
    this.forget();
    this.close();
  }

  // What was asked before no longer counts: its answer, still on its way, must choose nobody.
  forget() {
    clearTimeout(this.timer);
    this.request?.abort();
    this.asked = null;
    this.takesFirst = false;
  }

  // Fetch the list for the text as it stands; `pending` is what a submit has to wait for.
  ask() {
    const takesFirst = this.takesFirst;
    this.forget();
    this.takesFirst = takesFirst;
    this.request = new AbortController();
    this.asked = this.input.value;
    this.hasAnswer = false;
    const { signal } = this.request;
    const others = boxes.filter((box) => box !== this && box.takesFirst);
    this.pending = Promise.all(others.map((box) => box.pending))
      .then(() => fetch(this.address(), { signal }))
      .then((answer) => (answer.ok ? answer.text() : ""))
      .then((html) => this.show(html))
      .catch((error) => {
        if (error.name !== "AbortError") this.close();
      });
    return this.pending;
  }

  address() {
    const address = new URL(this.root.dataset.url, location.href);
    address.searchParams.set("q", this.asked);
    const partner = document.querySelector(this.root.dataset.partner || "none");
    if (partner) address.searchParams.set("for", partner.value);
    return address;
  }

  show(html) {
    this.list.innerHTML = html;
    this.options = [...this.list.querySelectorAll("[role=option]:not([aria-disabled])")];
    this.options.forEach((option, n) => (option.id = `${this.list.id}_${n}`));
    this.hasAnswer = true;
    if (this.takesFirst) {
      this.takesFirst = false;
      if (this.options.length) this.choose(this.options[0]);
      return;
    }
    if (document.activeElement !== this.input) return;
    this.list.hidden = !this.list.children.length;
    this.input.setAttribute("aria-expanded", String(!this.list.hidden));
    this.mark(this.options.length ? 0 : -1);
  }

  mark(n) {
    this.active = n;
    this.options.forEach((option, i) => option.setAttribute("aria-selected", String(i === n)));
    if (n < 0) {
      this.input.removeAttribute("aria-activedescendant");
    } else {
      this.input.setAttribute("aria-activedescendant", this.options[n].id);
      this.options[n].scrollIntoView({ block: "nearest" });
    }
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.mark(-1);
  }

  choose(option) {
    if (option.hasAttribute("aria-disabled")) return;
    this.input.value = this.chosenFor.value = option.dataset.label;
    this.key.value = option.dataset.value;
    this.asked = null;
    this.close();
    this.input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  // An empty box keeps its offer only until it is left; one that was typed into has to be settled.
  leave() {
    if (this.input.value.trim() || this.takesFirst) this.close();
    else this.drop();
  }

  // The text stands; take the first that fits, as soon as it is known. So too with an empty box
  // whose offer was asked for.
  settle() {
    const isIdle = !this.input.value.trim() && this.asked === null;
    if (this.isChosen || isIdle) return this.takesFirst ? this.pending : null;
    if (this.asked === this.input.value && this.hasAnswer) {
      const option = this.options[Math.max(this.active, 0)];
      if (option) this.choose(option);
      return null;
    }
    this.takesFirst = true;
    return this.asked === this.input.value ? this.pending : this.ask();
  }

  pressed(event) {
    const isOpen = !this.list.hidden;
    if (event.isComposing) return; // an input method is at work
    if (event.key === "Tab") {
      this.settle();
    } else if (event.key === "Enter" && isOpen && this.active >= 0) {
      event.preventDefault();
      this.choose(this.options[this.active]);
    } else if (event.key === "Escape" && isOpen) {
      event.preventDefault();
      this.leave();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      this.move(event.key === "ArrowDown" ? 1 : -1, isOpen);
    }
  }

  move(step, isOpen) {
    if (!isOpen) this.ask();
    else if (this.options.length) this.mark((this.active + step + this.options.length) % this.options.length);
  }
}

const boxes = [...document.querySelectorAll("[data-combobox]")]
  .filter((root) => root.querySelector("[data-key]"))
  .map((root) => new Combobox(root));

// A form that is sent while a name is still being looked up waits for the answer.
document.addEventListener("submit", (event) => {
  const waiting = boxes.filter((box) => event.target.contains(box.root) && box.takesFirst);
  if (!waiting.length) return;
  event.preventDefault();
  Promise.all(waiting.map((box) => box.pending)).then(() => event.target.requestSubmit(event.submitter));
});
