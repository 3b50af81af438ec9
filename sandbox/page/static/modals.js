// Modals: the top of the stack as a real dialog. Its fields keep what is typed while the app changes the view around them.

import { blocks } from "./blocks.js";
import { el, keyed, newId } from "./dom.js";
import { forget, stateOf } from "./fields.js";
import { icon } from "./icons.js";
import { textOf } from "./mrkdwn.js";
import { act, world } from "./store.js";

let open = null; // {id, dialog, parts}
let leaving = null; // a modal that was closed here, until the server says so too

/** Shows the top modal, or none. */
export function showModals() {
  const top = world.modals.at(-1);
  if (!world.modals.some((one) => one.id === leaving)) leaving = null;
  if (open && open.id !== top?.id) shut();
  if (!top || top.id === leaving) return;
  if (!open) open = draw(top);
  fill(open, top);
}

function shut() {
  const { id, dialog } = open;
  open = null;
  if (!world.modals.some((one) => one.id === id)) forget({ modal: id });
  dialog.close();
  dialog.remove();
}

function draw(modal) {
  const title = newId("title");
  const parts = {
    heading: el("h2", { id: title }),
    back: el("p", { class: "error top", role: "alert" }),
    body: el("div", { class: "modal-body", "data-point": "modal" }),
    close: el("button", { type: "button", class: "button" }),
    submit: el("button", { type: "submit", class: "button primary" }),
  };
  const { id } = modal;
  const form = el(
    "form",
    { method: "dialog", novalidate: true },
    el(
      "header",
      {},
      parts.heading,
      el("button", { type: "button", class: "plain", "aria-label": "Close", onclick: () => close(id) }, icon("close")),
    ),
    parts.body,
    parts.back,
    el("footer", {}, parts.close, parts.submit),
  );
  const dialog = el("dialog", { class: "modal", "aria-labelledby": title }, form);
  parts.close.addEventListener("click", () => close(id));
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    if (event.target === dialog) close(id);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(id);
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (!parts.submit.hidden) submit(id);
    }
  });
  document.body.append(dialog);
  dialog.showModal();
  return { id, dialog, parts, fresh: true };
}

function fill(shown, { id, key, view, errors, trouble }) {
  const { parts } = shown;
  if (shown.key !== key) {
    shown.key = key;
    shown.refusal = "";
    parts.heading.replaceChildren(...textOf(view.title));
    parts.close.replaceChildren(...textOf(view.close ?? { type: "plain_text", text: "Close" }));
    parts.submit.replaceChildren(...textOf(view.submit));
    parts.submit.hidden = !view.submit;
    keyed(parts.body, view.blocks, {
      key: (block) => block.block_id,
      make: (block) => blocks([block], { modal: id })[0],
    });
    if (shown.fresh) first(shown);
  }
  parts.back.textContent = trouble ?? shown.refusal ?? "";
  for (const block of parts.body.children) mark(block, errors?.[block.dataset.block] ?? "");
}

/** A modal begins with its first field. */
function first(shown) {
  shown.fresh = false;
  const { body, submit, close } = shown.parts;
  const field = body.querySelector("textarea, input:not([type=file]), select");
  (field ?? (submit.hidden ? close : submit)).focus();
}

function mark(block, words) {
  const error = block.querySelector(":scope > .error");
  if (!error || error.textContent === words) return;
  error.textContent = words;
  block.classList.toggle("wrong", Boolean(words));
  const control = block.querySelector("input, textarea, select");
  if (words) control?.setAttribute("aria-invalid", "true");
  else control?.removeAttribute("aria-invalid");
}

async function submit(id) {
  const { submit: button } = open.parts;
  if (button.disabled) return;
  button.disabled = true;
  button.classList.add("busy");
  const answer = await act("submit", { modal: id, state: stateOf({ modal: id }) }, { quiet: true });
  button.disabled = false;
  button.classList.remove("busy");
  if (open?.id !== id) return;
  open.refusal = answer.ok ? "" : answer.words;
  showModals();
  if (!answer.ok) open.dialog.querySelector("[aria-invalid]")?.focus();
}

async function close(id) {
  leaving = id;
  shut();
  const { ok } = await act("close", { modal: id });
  if (!ok) leaving = null;
}
