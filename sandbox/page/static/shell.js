// The frame: who one is, the places to go to, and what stands in the middle and in the thread's pane.

import { blocks } from "./blocks.js";
import { composer } from "./composer.js";
import { arrows, el, keyed, redraw } from "./dom.js";
import { icon } from "./icons.js";
import { announce, isReply, showMessages } from "./messages.js";
import { avatar } from "./names.js";
import { act, become, channel, direct, look, view, world } from "./store.js";

const HINT = "Message Textbank, or type /";

/** The bar at the top: the sandbox's name, everybody one can be, and what `more` adds. */
export function topBar(more) {
  const people = el("div", { class: "people", role: "group", "aria-label": "Who you are", "data-point": "people" });
  arrows(people, "button", { horizontal: true });
  const menu = el(
    "button",
    {
      type: "button",
      class: "plain only-narrow",
      "aria-label": "Channels and messages",
      onclick: () => look({ screen: view.screen === "places" ? "slack" : "places" }),
    },
    icon("menu"),
  );
  const name = el(
    "span",
    { class: "name" },
    avatar({ bot: true }, "small"),
    el("strong", {}, "Textbank"),
    el("span", { class: "quiet" }, "sandbox"),
  );
  const node = el("header", { class: "top" }, menu, name, people, el("div", { class: "top-more" }, more));
  const show = () =>
    keyed(people, world.people, {
      key: (one) => one.id,
      signature: (one) => `${JSON.stringify(one)} ${one.id === world.me.id}`,
      make: person,
    });
  return { node, show };
}

function person(one) {
  const me = one.id === world.me.id;
  const first = one.real_name.split(" ")[0];
  const role = one.role ? el("small", {}, one.role) : null;
  return el(
    "span",
    { class: `person ${me ? "me" : ""}` },
    el(
      "button",
      {
        type: "button",
        "data-person": one.id,
        "data-focus": one.id,
        "aria-pressed": String(me),
        "aria-label": `Be ${one.real_name}, ${one.role ?? "member"}`,
        title: `Be ${one.real_name}`,
        onclick: () => become(one.id),
      },
      avatar({ ...one, name: one.real_name }, "small"),
      el("span", { class: "person-name" }, first, role),
    ),
    el(
      "a",
      {
        href: `?as=${encodeURIComponent(one.id)}`,
        target: "_blank",
        "aria-label": `${one.real_name} in a second window`,
        title: "In a second window",
      },
      icon("window"),
    ),
  );
}

/** The sidebar. */
export function places() {
  const channels = el("ul", {});
  const apps = el("ul", {});
  const node = el(
    "nav",
    { class: "places", "aria-label": "Channels and direct messages" },
    el("p", { class: "workspace" }, el("strong", {}, "Neighbors Vote"), el("small", {}, "an invented workspace")),
    el("h2", {}, "Channels"),
    channels,
    el("h2", {}, "Apps"),
    apps,
  );
  arrows(node, "button");
  const how = {
    key: (one) => one.id,
    signature: (one) => `${one.id} ${one.name} ${one.unread} ${isHere(one)}`,
    make: (one) => el("li", {}, placeButton(one)),
  };
  const show = () => {
    keyed(
      channels,
      world.channels.filter((one) => one.kind !== "im"),
      how,
    );
    keyed(
      apps,
      world.channels.filter((one) => one.kind === "im"),
      how,
    );
  };
  return { node, show };
}

function isHere(one) {
  return one.id === view.place || (view.place === "home" && one.kind === "im");
}

function placeButton(one) {
  const mark = one.kind === "im" ? avatar({ bot: true }, "tiny") : icon(one.kind === "private" ? "lock" : "hash");
  const unread = one.unread
    ? el("span", { class: "unread", "aria-label": `${one.unread} unread` }, String(one.unread))
    : null;
  return el(
    "button",
    {
      type: "button",
      "data-channel": one.id,
      "data-focus": one.id,
      class: unread ? "bold" : "",
      "aria-current": isHere(one) ? "page" : undefined,
      onclick: () => go(one.id),
    },
    mark,
    el("span", { class: "label" }, one.name),
    unread,
  );
}

/** Goes to a channel, or to the Home tab. */
export function go(place) {
  look({ place, thread: null, screen: "slack" });
  if (place === "home") act("home");
}

/** The middle: a channel's messages or the Home tab. */
export function middle() {
  const heading = el("div", { class: "heading" });
  const list = el("ol", { class: "messages", tabindex: "0", "aria-label": "Messages" });
  const home = el("div", { class: "home-tab", tabindex: "-1" });
  const live = el("div", { class: "unseen", "aria-live": "polite", role: "status" });
  const writer = composer({
    id: "composer",
    where: () => (channel() ? { channel: view.place } : null),
    placeholder: () => (channel()?.kind === "im" ? HINT : `Message #${channel()?.name ?? ""}`),
  });
  const node = el("main", { class: "middle" }, heading, list, home, writer.form, live);
  let shown = null;
  const show = () => {
    const here = channel();
    redraw(heading, [here?.id ?? "home", here?.name, direct()?.id], () => headingOf(here));
    list.hidden = !here;
    home.hidden = Boolean(here);
    if (here) {
      const place = `${view.as} ${here.id}`;
      if (shown !== place) list.newest = null;
      shown = place;
      showMessages(
        list,
        here,
        here.messages.filter((one) => !isReply(one)),
      );
      if (here.unread) act("read", { channel: here.id });
    } else {
      shown = null;
      showHome(home);
    }
    announce(live, here);
    writer.show();
  };
  return { node, show };
}

function headingOf(here) {
  if (here && here.kind !== "im") return [el("h1", {}, icon(here.kind === "private" ? "lock" : "hash"), here.name)];
  const tab = (words, place, extra) =>
    el(
      "button",
      {
        type: "button",
        class: "tab",
        "aria-current": place === view.place ? "page" : undefined,
        "data-focus": words,
        onclick: () => go(place),
        ...extra,
      },
      words,
    );
  return [
    el("h1", {}, avatar({ bot: true }, "small"), "Textbank"),
    el(
      "div",
      { class: "tabs", role: "group", "aria-label": "Textbank" },
      tab("Home", "home", { "data-home": "" }),
      tab("Messages", direct()?.id),
    ),
  ];
}

function showHome(host) {
  const some = world.home?.blocks;
  if (!some) {
    redraw(host, "none", () => el("p", { class: "quiet" }, "Textbank has not filled this page yet."));
    return;
  }
  redraw(host, `${world.me.id} ${world.home.key}`, () =>
    el("div", { class: "home-page" }, blocks(some, { home: true })),
  );
}

/** The thread's pane. */
export function threadPane() {
  const heading = el("h2", { id: "thread-heading" }, "Thread");
  const where = el("small", {});
  const shut = () => {
    const { thread } = view;
    look({ thread: null });
    document.querySelector(`[data-focus="replies ${thread}"]`)?.focus();
  };
  const list = el("ol", { class: "messages", tabindex: "0", "aria-label": "Thread" });
  const writer = composer({
    id: "thread-composer",
    where: () => (view.thread && channel() ? { channel: view.place, thread_ts: view.thread } : null),
    placeholder: () => "Reply…",
  });
  const node = el(
    "aside",
    { class: "thread", "aria-labelledby": "thread-heading" },
    el(
      "div",
      { class: "heading" },
      el("div", {}, heading, where),
      el("button", { type: "button", class: "plain", "aria-label": "Close the thread", onclick: shut }, icon("close")),
    ),
    list,
    writer.form,
  );
  node.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) shut();
  });
  let shown = null;
  const show = () => {
    const here = channel();
    const root = here?.messages.find((one) => one.ts === view.thread);
    node.hidden = !root;
    if (!root) {
      shown = null;
      return;
    }
    where.textContent = here.kind === "im" ? "Textbank" : `#${here.name}`;
    const some = here.messages.filter((one) => one.ts === view.thread || one.thread_ts === view.thread);
    const fresh = shown !== `${here.id} ${view.thread}`;
    if (fresh) list.newest = null;
    shown = `${here.id} ${view.thread}`;
    writer.show();
    showMessages(list, here, some, { threads: false });
    if (fresh) writer.field.focus({ preventScroll: true });
  };
  return { node, show };
}
