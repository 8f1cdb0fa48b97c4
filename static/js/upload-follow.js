// Tells how far photos are, until their thumbnails are made or have failed. The stream says when they are; that a worker
// has begun is no event, so the server is asked now and then as well.

import { follow as followEvents, mayLook } from "./live.js";

const MOST_OFTEN_MS = 400;
const LEAST_OFTEN_MS = 5000;
const AT_ONCE = 200;
const DONE = ["complete", "failed"];

const followed = new Map();
let delay = MOST_OFTEN_MS;
let timer = null;

// Calls back with each new state of the photo; with null if there is none any more. Each follower has one photo.
export function follow(follower, id, changed) {
  followed.set(follower, { id, changed, known: undefined });
  if (timer === null || delay > MOST_OFTEN_MS) again(MOST_OFTEN_MS);
}

followEvents({
  told: (events) => {
    const ids = followedIds();
    if (events.some(({ type, id }) => type === "reset" || ids.includes(id))) again(0);
  },
  waiting: () => [], // They are asked for anyway.
});

function followedIds() {
  return [...new Set(Array.from(followed.values(), ({ id }) => id))];
}

function again(milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(ask, milliseconds);
  delay = Math.max(milliseconds, MOST_OFTEN_MS);
}

async function ask() {
  timer = null;
  let news = false;
  try {
    for (const ids = followedIds(); ids.length; ) news = (await askFor(ids.splice(0, AT_ONCE))) || news;
  } catch {
    // The server is away; it is asked again.
  }
  if (followed.size) again(news ? MOST_OFTEN_MS : Math.min(1.5 * delay, LEAST_OFTEN_MS));
}

async function askFor(ids) {
  const answer = await fetch(`/api/v1/photos/status/?ids=${ids}`);
  if (!answer.ok) throw new Error(answer.statusText);
  const { results, missing } = await answer.json();
  if (missing.length && !(await mayLook())) {
    followed.clear();
    return false;
  }
  const told = [...results.map((photo) => tell(photo.id, photo)), ...missing.map((id) => tell(id, null))];
  return told.includes(true);
}

function tell(id, photo) {
  const state = photo?.updated_at ?? null;
  let news = false;
  for (const [follower, one] of followed) {
    if (one.id !== id || one.known === state) continue;
    one.known = state;
    if (!photo || DONE.includes(photo.thumbnail_status)) followed.delete(follower);
    one.changed(photo);
    news = true;
  }
  return news;
}
