// Posts to the API in the name of who is signed in. What is refused is thrown in the server's words.

export class Refusal extends Error {
  // After how many seconds the server wants to be asked again; null if the same would only be refused again.
  constructor(message, retryAfter = null) {
    super(message);
    this.retryAfter = retryAfter;
  }
}

// The session has ended, or another one began, since the page was loaded.
export class SignedOut extends Error {}

// As it is now: who signs in anew, in another tab, gets another one.
const token = () => /(?:^|; )csrftoken=([^;]*)/.exec(document.cookie)?.[1] ?? "";

function refusal(request) {
  if (request.status === 401 || request.response?.error?.code === "csrf_failed") return new SignedOut();
  const message = request.response?.error?.message ?? `The server answered ${request.status}; try again later.`;
  const isPassing = request.status === 429 || request.status === 503;
  return new Refusal(message, isPassing ? Number(request.getResponseHeader("Retry-After")) || 10 : null);
}

// XMLHttpRequest, since fetch tells nothing of how much has been sent.
export function post(path, body, { signal, onProgress } = {}) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const request = new XMLHttpRequest();
    request.open("POST", `/api/v1/${path}`);
    request.responseType = "json";
    request.setRequestHeader("X-CSRFToken", token());
    if (typeof body === "string") request.setRequestHeader("Content-Type", "application/json");
    request.upload.onprogress = (event) => onProgress?.(event.loaded / event.total);
    request.onload = () => (request.status < 300 ? resolve(request.response) : reject(refusal(request)));
    request.onerror = () => reject(new Refusal("The connection was lost. Try again when it is back."));
    request.onabort = () => reject(signal.reason);
    signal?.addEventListener("abort", () => request.abort());
    request.send(body);
  });
}
