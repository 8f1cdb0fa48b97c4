// The upload page: files come as rows, and go a few at a time; each row then follows its photo.
// Without this script the same form sends all files at once.

import { duplicateOf } from "./upload-duplicates.js";
import { follow } from "./upload-follow.js";
import { enqueue } from "./upload-queue.js";
import { Row, inWords } from "./upload-row.js";
import { transfer } from "./upload-transfer.js";

const form = document.querySelector("#upload");
const find = (selector) => form.querySelector(selector);
const [section, list, overall, status] = ["section", ".uploads", "#overall", "[role=status]"].map(find);
const firstError = find("#first-error");
const input = form.elements.photos;
const rows = new Set();
let note = "";

// What the server will probably say; it decides.
function hint(file) {
  const max = Number(form.dataset.maxBytes);
  if (file.size > max) return `Larger than ${inWords(max)}: it will probably be refused.`;
  if (!file.size) return "Empty: it will probably be refused.";
  return file.type && !file.type.startsWith("image/") ? "Not a picture by its name: it will probably be refused." : "";
}

function add(files) {
  for (const file of files) {
    const row = new Row(file, hint(file), refresh);
    row.buttons.remove.onclick = () => remove(row);
    row.buttons.retry.onclick = () => start(row);
    rows.add(row);
    list.append(row.element);
    row.checked = duplicateOf(file).then((id) => id && !row.photo && found(row, id));
  }
  say("");
}

function say(text) {
  note = text;
  refresh();
}

function found(row, id) {
  row.show({ id, duplicate: true, thumbnail_status: "skipped" });
  watch(row);
}

function watch(row) {
  follow(row, row.photo.id, (photo) => {
    if (!photo) row.forget();
    else if (!row.isBusy) row.show(photo);
    if (row.isStarted && row.state === "complete" && row.wanted) start(row);
  });
}

function remove(row) {
  const beside = (row.element.nextElementSibling ?? row.element.previousElementSibling)?.querySelector(".remove");
  row.element.remove();
  rows.delete(row);
  refresh();
  (beside && !beside.hidden ? beside : input).focus();
}

function start(row) {
  const canceller = new AbortController();
  row.isStarted = true;
  row.buttons.cancel.onclick = () => {
    canceller.abort();
    row.tell("cancelled", "Cancelled.");
  };
  row.tell("waiting", "Waiting for its turn …");
  enqueue(async () => {
    await row.checked;
    if (canceller.signal.aborted) return;
    await transfer(row, canceller.signal);
    if (row.state === "sent") watch(row);
  });
}

function refresh() {
  const all = [...rows];
  const started = all.filter((row) => row.isStarted);
  const total = started.reduce((sum, row) => sum + row.file.size, 0);
  overall.value = total && started.reduce((sum, row) => sum + row.share * row.file.size, 0) / total;
  const failed = all.filter((row) => row.state === "failed");
  firstError.hidden = !failed.length;
  if (failed.length) firstError.href = `#${failed[0].said.id}`;
  const duplicates = all.filter((row) => row.isDuplicate);
  const ready = all.filter((row) => row.state === "ready");
  // What failed is not also uploaded, so that the sum is right.
  const tried = all.filter((row) => row.isStarted || row.state === "failed");
  const uploaded = started.filter((row) => row.photo && row.state !== "failed");
  const parts = [
    started.length && `${uploaded.length} of ${tried.length} uploaded`,
    failed.length && `${failed.length} failed`,
    duplicates.length && `${duplicates.length} already here`,
    ready.length && `${ready.length} ready`,
  ];
  const text = note || parts.filter(Boolean).join(", ");
  // Said aloud only when it changes.
  if (status.textContent !== text) status.textContent = text;
  section.hidden = !rows.size && !note;
  const change = all.some((row) => row.isBusy) ? addEventListener : removeEventListener;
  change("beforeunload", warn);
}

const warn = (event) => event.preventDefault();

function filesOf(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  return items.filter((item) => !item.webkitGetAsEntry()?.isDirectory).map((item) => item.getAsFile());
}

input.required = false;
input.addEventListener("change", () => {
  add(input.files);
  input.value = "";
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const due = [...rows].filter((row) => row.state === "ready" || (["sent", "complete"].includes(row.state) && row.wanted));
  due.forEach(start);
  if (due.length) return;
  say("Choose photos first.");
  input.focus();
});
addEventListener("paste", (event) => add(filesOf(event.clipboardData)));
addEventListener("dragover", (event) => {
  if (!event.dataTransfer.types.includes("Files")) return;
  event.preventDefault();
  form.classList.add("over");
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) form.classList.remove("over"); // Out of the window.
});
addEventListener("drop", (event) => {
  form.classList.remove("over");
  if (!event.dataTransfer.types.includes("Files")) return;
  event.preventDefault();
  const files = filesOf(event.dataTransfer);
  if (files.length) add(files);
  else say("Drop the photos themselves, not their folder.");
});
