// The guided start: four steps, each of which can point at what to do next.

import { el, redraw } from "./dom.js";
import { icon } from "./icons.js";
import { go } from "./shell.js";
import { become, look, view, world } from "./store.js";

/** The strip below the top bar. */
export function guide() {
  const node = el("section", { class: "guide", "aria-label": "Guided start" });
  let pointed = null;
  const show = () => {
    const { step, steps } = world.guide ?? { steps: [] };
    node.hidden = !view.guide || !steps.length;
    redraw(node, [step, steps, view.guide], () => (steps.length ? strip(step, steps) : []));
    if (pointed !== null && pointed !== step) unpoint();
    pointed = step;
  };
  return { node, show };
}

function strip(step, steps) {
  const done = step >= steps.length;
  const now = steps[Math.min(step, steps.length - 1)];
  return [
    el(
      "ol",
      { class: "steps" },
      steps.map((one, at) =>
        el(
          "li",
          {
            class: one.done ? "done" : at === step ? "now" : "",
            "aria-current": at === step && !done ? "step" : undefined,
          },
          el("span", { class: "step-mark" }, one.done ? icon("check") : String(at + 1)),
          el("span", {}, one.title, one.done ? el("span", { class: "unseen" }, " (done)") : null),
        ),
      ),
    ),
    el(
      "div",
      { class: "step-words", role: "status" },
      el(
        "p",
        {},
        done
          ? "That was all of it. Everything goes on working: look around, change the weather, let night fall."
          : now.words,
      ),
      !done && now.point
        ? el(
            "button",
            { type: "button", class: "button primary", "data-focus": "show me", onclick: () => point(now) },
            "Show me",
          )
        : null,
      !done && now.sample ? el("a", { class: "button", href: now.sample, download: "" }, "Sample list") : null,
    ),
    el(
      "button",
      { type: "button", class: "plain", "aria-label": "Close the guided start", onclick: () => look({ guide: false }) },
      icon("close"),
    ),
  ];
}

function unpoint() {
  document.querySelectorAll(".pointed").forEach((one) => one.classList.remove("pointed"));
}

/** Takes the place of whoever does this step, lights up the thing itself, and gives it the focus. */
function point(step) {
  unpoint();
  if (step.as && step.as !== world.me.id) become(step.as);
  const beside = step.point.includes("phones");
  // Whose place is taken shows with the server's next word.
  const deadline = performance.now() + 3000;
  const wait = () => {
    const found = world.me.id === (step.as ?? world.me.id) && find(step.point);
    if (found) light(found);
    else if (performance.now() < deadline) requestAnimationFrame(wait);
  };
  if (beside) look({ pane: "phones", screen: "world" });
  else if (!step.point.includes("modal")) go(null);
  requestAnimationFrame(wait);
}

function light(found) {
  requestAnimationFrame(() => {
    found.scrollIntoView({ block: "nearest" });
    (found.closest(".composer-box, .screen") ?? found).classList.add("pointed");
    found.focus({ preventScroll: true });
    found.addEventListener("blur", unpoint, { once: true });
  });
}

/** The newest of what is meant: cards and invitations pile up. */
function find(selector) {
  return [...document.querySelectorAll(selector)].at(-1) ?? null;
}
