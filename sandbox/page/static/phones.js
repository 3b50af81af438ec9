// The voters' phones: a list of them, and one in the hand. What it shows is what arrived there, as text.

import { arrows, el, keyed, redraw } from "./dom.js";
import { icon } from "./icons.js";
import { avatar, clockTime, dayName } from "./names.js";
import { openMenu } from "./popups.js";
import { sticker } from "./sticker.js";
import { act, look, upload, view, world } from "./store.js";

const WORDS = {
  queued: "On its way",
  accepted: "On its way",
  sending: "On its way",
  sent: "Sent",
  delivered: "Delivered",
  received: "Sent",
  undelivered: "Not delivered",
  failed: "Not delivered",
};

/** The panel with all phones. */
export function phonesPanel() {
  const list = el("ul", { class: "phone-list", "aria-label": "Voters" });
  arrows(list, "button");
  const phone = device();
  const none = el("p", { class: "quiet nothing" }, "No phones yet: a campaign's voters have theirs here.");
  const node = el("div", { class: "phones" }, none, list, phone.node);
  const seen = new Map(); // a number -> how many of its texts were looked at
  const show = () => {
    const here = world.phones.find((one) => one.number === view.phone) ?? world.phones[0];
    none.hidden = Boolean(here);
    list.hidden = !here;
    if (here) seen.set(here.number, here.texts.length);
    keyed(list, world.phones, {
      key: (one) => one.number,
      signature: (one) => [one.number, one.texts.length, one === here, seen.get(one.number)].join(" "),
      make: (one) => el("li", {}, row(one, one === here, one.texts.length - (seen.get(one.number) ?? 0))),
    });
    phone.show(here);
  };
  return { node, show };
}

function row(phone, here, fresh) {
  const last = phone.texts.at(-1);
  const words = last ? `${last.from === "voter" ? "You: " : ""}${last.body || "a picture"}` : "No texts yet";
  return el(
    "button",
    {
      type: "button",
      "data-phone": phone.number,
      "data-focus": phone.number,
      "aria-current": here ? "true" : undefined,
      onclick: () => look({ phone: phone.number }),
    },
    avatar({ id: phone.number, name: phone.name }, "small"),
    el("span", { class: "phone-row" }, el("strong", {}, phone.name || phone.shown), el("small", {}, words)),
    fresh > 0 && !here ? el("span", { class: "unread", "aria-label": `${fresh} new` }, String(fresh)) : null,
  );
}

/** A phone in the hand. */
function device() {
  const top = el("header", {});
  const texts = el("ol", { class: "texts", tabindex: "0", "aria-label": "Texts", "aria-live": "polite" });
  const field = el("input", {
    type: "text",
    class: "text",
    autocomplete: "off",
    "aria-label": "Text message",
    placeholder: "Text message",
    "data-point": "phones",
  });
  const file = el("input", {
    type: "file",
    accept: "image/png,image/jpeg,image/gif",
    class: "hidden-file",
    tabindex: "-1",
    "aria-hidden": "true",
  });
  let here = null;
  const sendSticker = async () => {
    const id = await upload(await sticker());
    if (id) await text("", id);
  };
  const choosePicture = (anchor) =>
    openMenu(anchor, "Which picture", [
      { label: "A sticker", chosen: sendSticker },
      { label: "A file of yours…", chosen: () => file.click() },
    ]);
  const text = (body, picture) => act("text", { phone: here.number, body, ...(picture ? { picture } : {}) });
  const form = el(
    "form",
    {
      onsubmit: async (event) => {
        event.preventDefault();
        const body = field.value.trim();
        if (!body) return;
        field.value = "";
        await text(body);
      },
    },
    el(
      "button",
      {
        type: "button",
        class: "plain",
        "aria-label": "Send a picture",
        title: "Send a picture",
        "aria-haspopup": "menu",
        onclick: (event) => choosePicture(event.currentTarget),
      },
      icon("picture"),
    ),
    field,
    el("button", { type: "submit", class: "send", "aria-label": "Send text" }, icon("send")),
  );
  file.addEventListener("change", async () => {
    const id = file.files[0] && (await upload(file.files[0]));
    if (id) await text("", id);
    file.value = "";
  });
  const quick = el(
    "div",
    { class: "quick", role: "group", "aria-label": "Quick replies" },
    ["Yes!", "Where do I vote?", "STOP"].map((words) =>
      el("button", { type: "button", class: words === "STOP" ? "stop" : "", onclick: () => text(words) }, words),
    ),
    file,
  );
  const node = el(
    "section",
    { class: "device", "aria-label": "Phone" },
    el("div", { class: "screen" }, top, texts, quick, form),
  );
  const show = (phone) => {
    node.hidden = !phone;
    if (!phone) return;
    const other = here?.number !== phone.number;
    here = phone;
    redraw(top, [phone.number, phone.name], () => [
      el("strong", {}, phone.name || phone.shown),
      el("small", {}, `${phone.shown} · their phone`),
    ]);
    if (other) {
      texts.replaceChildren();
      texts.newest = null;
      field.value = "";
    }
    showTexts(texts, phone.texts);
  };
  return { node, show };
}

function showTexts(host, some) {
  const rows = some.flatMap((text, at) => {
    const name = dayName(text.at);
    return at && dayName(some[at - 1].at) === name
      ? [text]
      : [{ id: `day ${name}`, day: `${name} ${clockTime(text.at)}` }, text];
  });
  keyed(host, rows, {
    key: (one) => one.id,
    make: (one) => (one.day ? el("li", { class: "text-day" }, one.day) : bubble(one)),
  });
  const last = some.at(-1)?.id;
  if (host.newest !== last) host.scrollTop = host.scrollHeight;
  host.newest = last;
}

/** A picture has come, and what is newest is further down now. */
function toTheEnd(event) {
  const host = event.target.closest(".texts");
  if (host) host.scrollTop = host.scrollHeight;
}

function bubble(text) {
  const failed = text.error || ["failed", "undelivered"].includes(text.state);
  const media = (text.media ?? []).map((one) => el("img", { src: one, alt: "A picture", onload: toTheEnd }));
  const onTheWay = text.from === "us" && !["delivered", "failed", "undelivered"].includes(text.state);
  const words =
    text.from === "carrier"
      ? "From the carrier itself"
      : text.error
        ? `${WORDS[text.state] ?? text.state} · ${text.error}`
        : (WORDS[text.state] ?? text.state ?? "");
  return el(
    "li",
    {
      class: `bubble ${text.from === "voter" ? "mine" : "theirs"} ${text.from === "carrier" ? "notice" : ""} ${failed ? "failed" : ""} ${onTheWay ? "on-the-way" : ""}`,
    },
    media,
    text.body ? el("p", {}, text.body) : null,
    el("small", {}, [clockTime(text.at), words].filter(Boolean).join(" · ")),
  );
}
