// What happens in the workspace, over one connection for the whole page; asked for again and again while there is none.

const TYPES = ["photo.created", "photo.thumbnail_ready", "photo.thumbnail_failed", "photo.deleted", "reset"];
// What changes together is told together.
const GATHER_MS = 200;
const POLL_MS = 5000;
// What stands between may keep the stream back without a fault.
const SILENCE_MS = 10000;
const POLLED = 200;
// Faults in a row before it polls, and the longest wait for a server that refuses, in doublings.
const PATIENCE = 2, DOUBLINGS = 4;

const { workspace, position } = document.body.dataset;
const followers = new Set();
const connection = status("connection");
const heard = status("heard");
let last = position, faults = 0;
let source, again, silence, polling, gathering;
let events = [];

// Follow the workspace's photos: `told(events)` gets some of {type, id}, and again if its promise is rejected;
// `reset` says that some were missed. `waiting()` answers the ids of photos that are neither done nor failed; while there
// is no stream, `look()`, if there is one, finds new photos itself.
export function follow(follower) {
  followers.add(follower);
  if (!source && !document.hidden) connect();
}

// Say it to those who hear the page.
export function announce(text) {
  heard.textContent = text;
}

function status(name) {
  const region = document.createElement("p");
  region.className = name;
  region.setAttribute("role", "status");
  document.querySelector("main").append(region);
  return region;
}

// Whether one may still look into the workspace; if not it says so, and asks no more until the tab is seen anew. A stream that
// is refused does not tell why, and photos that one may not see look like deleted ones.
export async function mayLook() {
  const answer = await fetch(`/workspaces/${workspace}/cards/`).catch(() => undefined);
  if (answer?.status !== 404) return true;
  const isSignedOut = (await answer.text()).includes("/login/?next=");
  disconnect();
  connection.textContent = isSignedOut ? "You were signed out. " : "You no longer have access to this workspace.";
  if (isSignedOut) {
    const link = document.createElement("a");
    link.href = `/login/?next=${encodeURIComponent(location.pathname + location.search)}`;
    link.textContent = "Sign in";
    connection.append(link);
  }
  return false;
}

function connect() {
  disconnect();
  source = new EventSource(`/api/v1/events/?workspace=${workspace}&last_event_id=${last}`);
  silence = setTimeout(startPolling, SILENCE_MS);
  source.onopen = () => {
    faults = 0;
    silence = clearTimeout(silence);
    polling = clearInterval(polling);
    connection.textContent = "";
  };
  source.onerror = lost;
  for (const type of TYPES) {
    source.addEventListener(type, (event) => {
      last = event.lastEventId;
      tell([{ type, id: JSON.parse(event.data).photo_id }]);
    });
  }
}

function disconnect() {
  source?.close();
  source = undefined;
  again = clearTimeout(again);
  silence = clearTimeout(silence);
  polling = clearInterval(polling);
}

function lost() {
  faults += 1;
  connection.textContent = "Reconnecting …";
  // A browser comes back by itself to a server that is gone, but not to one that refuses.
  const isRefused = source.readyState === EventSource.CLOSED;
  if (isRefused) again = setTimeout(connect, POLL_MS * 2 ** Math.min(faults, DOUBLINGS));
  if (isRefused || faults >= PATIENCE) startPolling();
  if (isRefused) mayLook();
}

function startPolling() {
  polling ??= setInterval(poll, POLL_MS);
}

async function poll() {
  if (!(await mayLook())) return;
  const asked = [askForWaiting(), ...Array.from(followers, (follower) => follower.look?.())];
  // Of what failed, the next time may do better.
  await Promise.allSettled(asked);
}

async function askForWaiting() {
  const ids = [...followers].flatMap((follower) => follower.waiting()).slice(0, POLLED);
  if (!ids.length) return;
  const answer = await fetch(`/api/v1/photos/status/?ids=${ids}`);
  if (!answer.ok) return;
  const { results, missing } = await answer.json();
  const ended = { complete: "photo.thumbnail_ready", failed: "photo.thumbnail_failed" };
  const changed = results.map((photo) => ({ type: ended[photo.thumbnail_status], id: photo.id }));
  tell([...changed.filter(({ type }) => type), ...missing.map((id) => ({ type: "photo.deleted", id }))]);
}

function tell(more) {
  events.push(...more);
  if (events.length) gathering ??= setTimeout(deliver, GATHER_MS);
}

function deliver() {
  const told = events;
  events = [];
  gathering = undefined;
  for (const follower of followers) {
    Promise.resolve(follower.told(told)).catch(async () => (await mayLook()) && setTimeout(tell, POLL_MS, told));
  }
}

// A browser has few connections to one host for all its tabs; what nobody looks at needs none.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) disconnect();
  else if (followers.size) connect();
});
