"use strict";

// How figures are written. What is not known is a dash, never a nought.
const UNKNOWN = "–";

function count(number) {
  return number == null ? UNKNOWN : number.toLocaleString("en");
}

/** 4.2 s, 42 s, 3 min 05 s, 2 h 05 min, 3 d 4 h */
function duration(seconds) {
  if (seconds == null) return UNKNOWN;
  const whole = Math.floor(Math.max(0, seconds));
  const two = (number) => String(number).padStart(2, "0");
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)} s`;
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

/** As people say how long ago something was: one unit. */
function ago(seconds) {
  if (seconds == null || Number.isNaN(seconds)) return UNKNOWN;
  const units = [[86400, "d"], [3600, "h"], [60, "min"]];
  const unit = units.find(([length]) => seconds >= length);
  return unit ? `${Math.floor(seconds / unit[0])} ${unit[1]} ago` : `${Math.max(0, Math.floor(seconds))} s ago`;
}

function milliseconds(number) {
  if (number == null) return UNKNOWN;
  if (number < 1000) return `${number} ms`;
  return number < 10000 ? `${(number / 1000).toFixed(1)} s` : duration(number / 1000);
}

function megabytes(bytes) {
  return bytes == null ? UNKNOWN : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Sets a text only where it differs, so that a selection stays and screen readers hear changes only. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Everything from the worker becomes a text node here: no value is ever read as markup. */
function make(name, className, text) {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text != null) element.textContent = text;
  return element;
}

/** Puts `texts` into a list, an item each, where they differ from those that are there. */
function setList(list, texts) {
  const shown = Array.from(list.children, (item) => item.textContent);
  if (shown.length === texts.length && shown.every((text, index) => text === texts[index])) return;
  list.replaceChildren(...texts.map((text) => make("li", "", text)));
}
