// Exercises beside the messages. The server has the texts and the checks; what is done is remembered here.

import { announce, byId, make } from "./dom.js";
import { ask } from "./source.js";

const DONE = "fakesmb lessons";

export class Lessons {
  constructor(view) {
    this.view = view;
    this.lessons = null;
    this.host = "";
    this.port = "";
    try { this.done = new Set(JSON.parse(sessionStorage.getItem(DONE) ?? "[]")); } catch { this.done = new Set(); }
    this.connection = 0;
    byId("lessons-open").addEventListener("click", () => this.toggle());
    byId("lessons-close").addEventListener("click", () => { this.toggle(false); byId("lessons-open").focus(); });
    byId("lessons").addEventListener("keydown", (event) => {
      if (event.key === "Escape") { this.toggle(false); byId("lessons-open").focus(); }
    });
  }

  place(host, port) {
    this.host = host;
    this.port = port;
  }

  async toggle(on = byId("lessons").hidden) {
    byId("lessons").hidden = !on;
    document.body.classList.toggle("with-lessons", on);
    byId("lessons-open").setAttribute("aria-expanded", on ? "true" : "false");
    if (!on) return;
    if (!this.lessons) {
      try {
        this.lessons = (await ask("api/v1/lessons")).lessons;
      } catch (error) {
        byId("lessons-body").replaceChildren(make("p", { class: "wrong" }, error.message));
        return;
      }
    }
    this.list();
  }

  list() {
    byId("lessons-title").textContent = "Lessons";
    byId("lessons-body").replaceChildren(make("ol", { class: "lesson-list" }, ...this.lessons.map((lesson) => make("li", {},
      make("button", { type: "button", class: "lesson", onclick: () => this.show(lesson) },
        make("b", {}, lesson.title), make("span", {}, lesson.about),
        this.done.has(lesson.name) ? make("span", { class: "ok" }, "✓ done") : "")))));
    byId("lessons-title").focus();
  }

  words(text) {  // `code` between grave accents
    return text.split(/`([^`]+)`/).map((part, at) => (at % 2 ? make("code", {}, this.filled(part)) : part));
  }

  filled(text) {
    return text.replaceAll("{host}", this.host).replaceAll("{port}", this.port);
  }

  command(text) {
    const words = this.filled(text);
    const button = make("button", { type: "button", class: "quiet", "aria-label": `Copy: ${words}`, onclick: () => {
      navigator.clipboard?.writeText(words).then(() => { button.textContent = "copied"; }, () => {});
    } }, "copy");
    return make("div", { class: "command" }, make("code", {}, words), button);
  }

  show(lesson) {
    byId("lessons-title").textContent = lesson.title;
    const body = byId("lessons-body");
    const back = make("button", { type: "button", class: "quiet", onclick: () => this.list() }, "← All lessons");
    const parts = [back];
    for (const part of lesson.text) {
      if (part.startsWith("$ ")) parts.push(this.command(part.slice(2)));
      else parts.push(make("p", {}, ...this.words(part)));
    }
    if (lesson.steps?.length) parts.push(this.walk(lesson));
    if (lesson.question) parts.push(this.question(lesson));
    if (lesson.solution.length) {
      parts.push(make("details", { class: "solution" }, make("summary", {}, "Solution"),
        ...lesson.solution.map((text) => make("p", {}, ...this.words(text)))));
    }
    body.replaceChildren(...parts);
    byId("lessons-title").focus();
  }

  // Whose conversation: the one that is chosen above, or the newest that fits.
  talks() {
    const select = make("select", { id: "lesson-talk" }, make("option", { value: "0" }, "the newest that fits"),
      ...[...this.view.messages.connections.values()].reverse().slice(0, 60).map((talk) =>
        make("option", { value: talk.number, selected: talk.number === this.view.ladder.onlyTalk }, `${talk.number} · ${talk.user || talk.peer}`)));
    return make("label", {}, "My conversation ", select);
  }

  question(lesson) {
    const said = make("p", { class: "result", role: "status" });
    const answer = lesson.answers
      ? make("input", { type: "text", id: "answer", autocomplete: "off", spellcheck: "false", autocapitalize: "off" }) : null;
    const form = make("form", { class: "question" },
      make("p", {}, make("label", { for: answer ? "answer" : undefined }, ...this.words(lesson.question))), answer, this.talks(), make("button", {}, "Check"), said);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const connection = Number(form.querySelector("select").value) || undefined;
      try {
        const outcome = await ask(`api/v1/lessons/${lesson.name}/check`, { answer: answer?.value ?? "", connection });
        this.tell(lesson, outcome, said);
      } catch (error) {
        said.className = "result wrong";
        said.textContent = error.message;
      }
    });
    return form;
  }

  tell(lesson, outcome, said) {
    said.className = `result ${outcome.done ? "ok" : "wrong"}`;
    said.replaceChildren(outcome.done ? "✓ " : "… ", ...this.words(outcome.says), ...(outcome.messages ?? []).slice(0, 8).map((number) => this.link(number)));
    if (!outcome.done) return;
    this.done.add(lesson.name);
    try { sessionStorage.setItem(DONE, JSON.stringify([...this.done])); } catch { /* then until the page is closed */ }
  }

  link(number) {
    return make("button", { type: "button", class: "quiet", onclick: () => this.go(number) }, `message ${number}`);
  }

  go(number) {
    const entry = this.view.messages.entries.find((one) => one.number === number);
    if (entry && this.view.ladder.select(entry.id, { byHand: true })) return true;
    announce("That message is not shown: another filter or conversation is chosen");
    return false;
  }

  // A conversation frame by frame: the server says which message is which frame.
  walk(lesson) {
    let at = -1, found = null;
    const text = make("p", { class: "step-text", "aria-live": "polite" }, "The button goes to the first frame.");
    const title = make("h3", {}, "Frame by frame");
    const move = async (by) => {
      if (!found) {
        const outcome = await ask(`api/v1/lessons/${lesson.name}/check`, { connection: Number(walk.querySelector("select").value) || undefined });
        found = outcome.steps;
        if (!found.some((step) => step.message)) { text.textContent = outcome.says; found = null; return; }
      }
      at = Math.max(0, Math.min(lesson.steps.length - 1, at + by));
      const step = lesson.steps[at], message = found[at]?.message;
      title.textContent = `Frame ${step.frame} · ${step.title}`;
      text.replaceChildren(...this.words(step.text), message ? "" : " (This conversation does not have it.)");
      if (message) this.go(message);
      before.disabled = at <= 0;
      after.disabled = at >= lesson.steps.length - 1;
    };
    const guarded = (by) => () => move(by).catch((error) => { text.textContent = error.message; });
    const before = make("button", { type: "button", disabled: true, onclick: guarded(-1) }, "← Before");
    const after = make("button", { type: "button", onclick: guarded(1) }, "Next frame →");
    const talks = this.talks();
    talks.addEventListener("change", () => { found = null; at = -1; });
    const walk = make("div", { class: "walk" }, title, text, talks, make("div", { class: "steps" }, before, after));
    return walk;
  }
}
