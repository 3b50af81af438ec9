// Block Kit's blocks.

import { chart } from "./chart.js";
import { el, newId } from "./dom.js";
import { element } from "./elements.js";
import { mrkdwn, textOf } from "./mrkdwn.js";
import { richText } from "./rich_text.js";

/** The elements of some blocks, standing on a surface: `{channel, ts}`, `{home: true}` or `{modal: id}`. */
export function blocks(some, surface) {
  return some.map((block) => {
    const node = (KINDS[block.type] ?? unknown)(block, surface);
    node.classList.add("block", `block-${block.type}`);
    node.dataset.block = block.block_id;
    return node;
  });
}

function unknown(block) {
  return el("p", { class: "unknown" }, `(a block of type ${block.type})`);
}

function section(block, surface) {
  return el(
    "div",
    {},
    el(
      "div",
      { class: "section-words" },
      block.text ? el("div", { class: "words" }, textOf(block.text)) : null,
      block.fields
        ? el(
            "div",
            { class: "fields" },
            block.fields.map((one) => el("div", {}, textOf(one))),
          )
        : null,
    ),
    block.accessory ? el("div", { class: "accessory" }, inside(block.accessory, block, surface)) : null,
  );
}

function inside(one, block, surface) {
  if (one.type === "image") return picture(one);
  return element(one, { surface, block });
}

function picture(one) {
  return el("img", { src: one.image_url ?? one.slack_file?.url, alt: one.alt_text, loading: "lazy" });
}

function context(block) {
  return el(
    "div",
    {},
    block.elements.map((one) => (one.type === "image" ? picture(one) : el("span", {}, textOf(one)))),
  );
}

function actions(block, surface) {
  return el(
    "div",
    {},
    block.elements.map((one) => element(one, { surface, block })),
  );
}

function input(block, surface) {
  const label = newId("label");
  const hint = newId("hint");
  const error = newId("error");
  const id = newId("field");
  const describedBy = block.hint ? `${hint} ${error}` : error;
  return el(
    "div",
    {},
    el(
      "label",
      { id: label, for: id },
      textOf(block.label),
      block.optional ? el("span", { class: "quiet" }, " (optional)") : null,
    ),
    element(block.element, { surface, block, label, describedBy, id }),
    el("p", { class: "error", id: error, role: "alert" }),
    block.hint ? el("p", { class: "hint", id: hint }, textOf(block.hint)) : null,
  );
}

function image(block) {
  return el("figure", {}, block.title ? el("figcaption", {}, textOf(block.title)) : null, picture(block));
}

function table(block) {
  const [head, ...rows] = block.rows;
  return el(
    "div",
    { class: "scrolls", tabindex: "0", role: "region", "aria-label": block.caption ?? "Table" },
    el(
      "table",
      {},
      block.caption ? el("caption", {}, block.caption) : null,
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          head.map((one) => el("th", { scope: "col" }, cell(one))),
        ),
      ),
      el(
        "tbody",
        {},
        rows.map((row) =>
          el(
            "tr",
            {},
            row.map((one) => el("td", { class: one.type === "raw_number" ? "number" : "" }, cell(one))),
          ),
        ),
      ),
    ),
  );
}

function cell(one) {
  if (one.type === "rich_text") return richText(one);
  return one.type === "raw_number" ? Number(one.value).toLocaleString("en-US") : (one.text ?? "");
}

function container(block, surface) {
  return el(
    "section",
    {},
    block.title ? el("h3", {}, textOf(block.title)) : null,
    block.subtitle ? el("p", { class: "quiet" }, textOf(block.subtitle)) : null,
    blocks(block.child_blocks, surface),
  );
}

const KINDS = {
  section,
  context,
  actions,
  input,
  image,
  container,
  table,
  data_table: table,
  header: (block) => el("h3", {}, textOf(block.text)),
  divider: () => el("hr"),
  markdown: (block) => el("div", {}, mrkdwn(block.text)),
  alert: (block) => el("div", { role: "note", class: block.level ?? "default" }, textOf(block.text)),
  rich_text: (block) => el("div", {}, richText(block)),
  data_visualization: (block) => chart(block),
};
