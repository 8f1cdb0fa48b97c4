// What a row does next, until its photo has all that is wanted of it.

import { SignedOut, post } from "./upload-api.js";

const { elements, dataset } = document.querySelector("#upload");
const signedOut = document.querySelector("#signed-out").content;
const TRIES = 10;

// What is missing: the photo, another try of its thumbnails, or the size of one's own.
export async function transfer(row, signal) {
  try {
    if (!row.photo) await upload(row, signal);
    else if (row.photo.thumbnail_status === "failed") row.show(await post(`photos/${row.photo.id}/retry/`, "{}"));
    else if (row.wanted) await make(row, row.wanted, signal);
    else row.show(row.photo);
  } catch (error) {
    // One who cancels need not be told.
    if (signal.aborted) return;
    row.tell("failed", error instanceof SignedOut ? signedOut.cloneNode(true) : error.message);
  }
}

async function upload(row, signal) {
  const { album, kind } = elements;
  const body = form(row, { album: album.value, kind: kind.value });
  const sending = () => send(row, "photos/", body, signal, "Uploading …");
  row.show(await patiently(row, sending, signal));
}

async function make(row, box, signal) {
  const [width, height] = box;
  const body = form(row, { width, height });
  const sending = () => send(row, "thumbnails/", body, signal, `Making ${width || "any"} × ${height || "any"} …`);
  const answer = await patiently(row, sending, signal);
  row.showCustom(answer.results[0].thumbnails.find((made) => made.preset === "custom"), box);
}

function form(row, fields) {
  const body = new FormData();
  body.append("workspace", dataset.workspace);
  for (const [name, value] of Object.entries(fields)) if (value) body.append(name, value);
  body.append("file", row.file);
  return body;
}

function send(row, path, body, signal, text) {
  row.sent(0);
  row.tell("uploading", text);
  return post(path, body, { signal, onProgress: (share) => row.sent(share) });
}

// As the server asks to be left alone for a while, the row waits and tries again.
async function patiently(row, sending, signal) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await sending();
    } catch (error) {
      if (!error.retryAfter || tries === TRIES) throw error;
      row.tell("waiting", `${error.message} Trying again by itself in ${error.retryAfter} s.`);
      await pause(error.retryAfter, signal);
    }
  }
}

function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    setTimeout(resolve, 1000 * seconds);
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}
