// The field for files in a modal, and files that stand below a message.

import { el } from "./dom.js";
import { put, standing } from "./fields.js";
import { icon } from "./icons.js";
import { say, upload, world } from "./store.js";

const named = new Map(); // a file's id -> its name

/** A place to drop a file on, or to choose one. */
export function files(of, spot) {
  const most = of.max_files ?? 10;
  const host = el("div", { class: "files" });
  const list = el("ul", { class: "chosen-files" });
  const chosen = () => standing(spot.surface, spot.block, of) ?? [];
  const keep = (ids) => {
    put(spot.surface, spot.block, of, ids);
    show();
  };
  const take = async (some) => {
    for (const file of some.slice(0, most)) {
      const ending = file.name.split(".").pop().toLowerCase();
      if (of.filetypes?.length && !of.filetypes.includes(ending)) {
        say(`This field takes ${of.filetypes.join(", ")}, not ${file.name}.`);
        continue;
      }
      host.classList.add("busy");
      const id = await upload(file);
      host.classList.remove("busy");
      if (!id) continue;
      named.set(id, file.name);
      keep([...chosen(), id].slice(-most));
    }
  };
  const input = el("input", {
    type: "file",
    id: spot.id,
    class: "hidden-file",
    "aria-labelledby": spot.label,
    "aria-describedby": spot.describedBy,
    multiple: most > 1,
    accept: (of.filetypes ?? []).map((one) => `.${one}`).join(","),
    onchange: () => take([...input.files]).then(() => (input.value = "")),
  });
  const show = () =>
    list.replaceChildren(
      ...chosen().map((id) => {
        const name = named.get(id) ?? "a file";
        const remove = () => keep(chosen().filter((one) => one !== id));
        const button = el(
          "button",
          { type: "button", class: "plain", "aria-label": `Remove ${name}`, onclick: remove },
          icon("close"),
        );
        return el("li", {}, icon("file"), el("span", {}, name), button);
      }),
    );
  host.append(
    el(
      "div",
      { class: "drop" },
      input,
      el(
        "button",
        { type: "button", class: "button", tabindex: "-1", "aria-hidden": "true", onclick: () => input.click() },
        "Choose a file",
      ),
      el("span", { class: "quiet" }, "or drop it here"),
      sampleButton(of, take),
    ),
    list,
  );
  host.addEventListener("dragover", (event) => event.preventDefault());
  host.addEventListener("drop", (event) => {
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });
  show();
  return host;
}

/** For whoever has no list at hand. */
function sampleButton(of, take) {
  const sample = world.guide?.steps.find((step) => step.sample)?.sample;
  if (!sample || !of.filetypes?.includes("csv")) return null;
  const name = sample.split("/").pop();
  const fetchIt = async () => {
    const content = await (await fetch(sample)).blob();
    await take([new File([content], name, { type: "text/csv" })]);
  };
  return el("button", { type: "button", class: "button sample", onclick: fetchIt }, "Use the sample list");
}

/** Files as they stand below a message. */
export function attached(some) {
  if (!some?.length) return null;
  return el(
    "ul",
    { class: "attached" },
    some.map((file) => {
      const words = el(
        "span",
        {},
        el("strong", {}, file.name),
        el("small", {}, `${ending(file.name)} · ${size(file.size)}`),
      );
      if (/\.(png|jpe?g|gif)$/i.test(file.name)) {
        return el("li", { class: "picture" }, el("img", { src: file.url, alt: file.name }), el("small", {}, file.name));
      }
      return el("li", {}, el("a", { class: "file", href: file.url, download: file.name }, icon("file"), words));
    }),
  );
}

function ending(name) {
  return name.split(".").pop().toUpperCase();
}

function size(bytes) {
  return bytes < 1024
    ? `${bytes} bytes`
    : bytes < 1_048_576
      ? `${Math.round(bytes / 1024)} KB`
      : `${(bytes / 1_048_576).toFixed(1)} MB`;
}
