// What opens above the page: the question before a button counts, and menus.

import { arrows, el, newId } from "./dom.js";
import { textOf } from "./mrkdwn.js";

/** Asks Slack's question for a button (`confirm`), if it has one. Resolves to whether it was answered with yes. */
export function confirmed(question) {
  if (!question) return Promise.resolve(true);
  const id = newId("confirm");
  return new Promise((resolve) => {
    const yes = el(
      "button",
      { class: `button ${question.style === "danger" ? "danger" : "primary"}`, value: "yes", type: "submit" },
      textOf(question.confirm),
    );
    const dialog = el(
      "dialog",
      { class: "confirm", "aria-labelledby": id, onclose: () => finish(), role: "alertdialog" },
      el(
        "form",
        { method: "dialog" },
        el("h2", { id }, textOf(question.title)),
        el("p", {}, textOf(question.text)),
        el("footer", {}, el("button", { class: "button", value: "no", type: "submit" }, textOf(question.deny)), yes),
      ),
    );
    const finish = () => {
      resolve(dialog.returnValue === "yes");
      dialog.remove();
    };
    document.body.append(dialog);
    dialog.showModal();
    yes.focus();
  });
}

/** Opens a menu under `anchor`: rows of {label, description, chosen()}. */
export function openMenu(anchor, name, rows) {
  const menu = el(
    "div",
    { class: "menu", popover: "auto", role: "menu", "aria-label": name },
    rows.map((row) =>
      el(
        "button",
        {
          type: "button",
          role: "menuitem",
          class: "menu-row",
          onclick: () => {
            menu.hidePopover();
            row.chosen();
          },
        },
        row.label,
        row.description ? el("small", {}, row.description) : null,
      ),
    ),
  );
  menu.addEventListener("toggle", (event) => {
    if (event.newState !== "closed") return;
    anchor.setAttribute("aria-expanded", "false");
    if (menu.contains(document.activeElement) || document.activeElement === document.body) anchor.focus();
    menu.remove();
  });
  arrows(menu, "button");
  (anchor.closest("dialog") ?? document.body).append(menu);
  menu.showPopover();
  place(menu, anchor);
  anchor.setAttribute("aria-expanded", "true");
  menu.querySelector("button")?.focus();
}

function place(menu, anchor) {
  const at = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const below = at.bottom + 4 + height <= innerHeight;
  menu.style.left = `${Math.max(8, Math.min(at.right - width, innerWidth - width - 8))}px`;
  menu.style.top = `${Math.max(8, below ? at.bottom + 4 : at.top - 4 - height)}px`;
}
