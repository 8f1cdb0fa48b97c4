// Which files the workspace has already, told by their digests before any byte of them travels.

import { post } from "./upload-api.js";

// A file is read into memory as a whole. The server finds the duplicates among larger ones.
const MAX_BYTES = 64 * 2 ** 20;
const AT_ONCE = 20;

const { workspace } = document.querySelector("#upload").dataset;
const asked = [];
let isAsking = false;

// The id of the photo that has the file's bytes; null for none, or when it can't be told.
export function duplicateOf(file) {
  // Browsers have no digests for pages that came over plain HTTP from another machine.
  if (!globalThis.crypto?.subtle || file.size > MAX_BYTES) return Promise.resolve(null);
  return new Promise((answer) => {
    asked.push({ file, answer });
    if (!isAsking) askAll();
  });
}

async function askAll() {
  isAsking = true;
  await null; // The others of these files come first.
  while (asked.length) await ask(asked.splice(0, AT_ONCE));
  isAsking = false;
}

async function ask(batch) {
  let existing = {};
  try {
    // One after the other, so that only one is in memory.
    for (const one of batch) one.digest = await digest(one.file);
    const body = JSON.stringify({ workspace, sha256: batch.map((one) => one.digest).filter(Boolean) });
    ({ existing } = await post("photos/check/", body));
  } catch {
    // The upload itself will tell.
  }
  for (const { answer, digest } of batch) answer(existing[digest] ?? null);
}

async function digest(file) {
  try {
    const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
    return Array.from(sum, (byte) => byte.toString(16).padStart(2, "0")).join("");
  } catch {
    return null; // A file that can't be read; the upload will tell.
  }
}
