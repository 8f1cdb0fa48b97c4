// Jobs, a few at a time, in the order in which they came.

const PARALLEL = 3;

const waiting = [];
let running = 0;

export function enqueue(job) {
  waiting.push(job);
  next();
}

async function next() {
  if (running === PARALLEL || !waiting.length) return;
  running += 1;
  try {
    await waiting.shift()();
  } finally {
    running -= 1;
    next();
  }
}
