// What stands in the fields of messages and views. As in Slack's clients it is kept by (block_id, action_id) for as long
// as the message or the view lives: a field redrawn under its old names keeps its words, whatever its new initial value.

import { onChange, view } from "./store.js";

const STARTS = {
  plain_text_input: "initial_value",
  email_text_input: "initial_value",
  url_text_input: "initial_value",
  number_input: "initial_value",
  static_select: "initial_option",
  external_select: "initial_option",
  radio_buttons: "initial_option",
  checkboxes: "initial_options",
  multi_static_select: "initial_options",
  users_select: "initial_user",
  multi_users_select: "initial_users",
  conversations_select: "initial_conversation",
  multi_conversations_select: "initial_conversations",
  channels_select: "initial_channel",
  multi_channels_select: "initial_channels",
  datepicker: "initial_date",
  timepicker: "initial_time",
  datetimepicker: "initial_date_time",
  file_input: "initial_files",
};

const touched = new Map(); // surface -> {block_id: {action_id: value}}
const firsts = new Map(); // surface and names -> the value it was first drawn with

// Another sandbox gives its views the ids of this one's.
onChange(() => {
  if (!view.starting) return;
  touched.clear();
  firsts.clear();
});

function nameOf(surface) {
  return JSON.stringify([view.as, surface.channel ?? null, surface.ts ?? null, surface.modal ?? null]);
}

/** The value that a field is drawn with. Options are meant by their values. */
export function standing(surface, block, element) {
  const given = touched.get(nameOf(surface))?.[block.block_id];
  if (given && element.action_id in given) return given[element.action_id];
  const name = `${nameOf(surface)} ${JSON.stringify([block.block_id, element.action_id])}`;
  if (!firsts.has(name)) firsts.set(name, asValue(element[STARTS[element.type]]));
  return firsts.get(name);
}

function asValue(initial) {
  if (Array.isArray(initial)) return initial.map(asValue);
  return initial?.value ?? initial ?? null;
}

/** Somebody has typed or chosen; null is a field that was cleared. */
export function put(surface, block, element, value) {
  const name = nameOf(surface);
  const all = touched.get(name) ?? {};
  touched.set(name, { ...all, [block.block_id]: { ...all[block.block_id], [element.action_id]: value } });
}

/** Everything that was touched there: what goes with a click. */
export function stateOf(surface) {
  return touched.get(nameOf(surface)) ?? {};
}

/** Forgets a view that has been closed. */
export function forget(surface) {
  const name = nameOf(surface);
  touched.delete(name);
  for (const key of firsts.keys()) if (key.startsWith(`${name} `)) firsts.delete(key);
}
