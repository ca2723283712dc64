// Asking our own API from a page: one place for the cookie's companion header, for refusals and for telling people.

export class Refused extends Error {
  /** @param {number} status @param {{detail?: string, code?: string, request_id?: string}} problem */
  constructor(status, problem) {
    super(problem.detail || `The server answered ${status}.`);
    this.status = status;
    this.code = problem.code || "";
    this.requestId = problem.request_id || "";
  }
}

/**
 * The JSON at a path of /api/v1.
 * @param {string} path @param {{method?: string, body?: unknown, signal?: AbortSignal}} [options]
 * @returns {Promise<any>} null for an empty answer; throws Refused
 */
export async function ask(path, { method = "GET", body, signal } = {}) {
  /** @type {Record<string, string>} */
  const headers = { accept: "application/json" };
  if (method !== "GET") headers["x-fleetline-csrf"] = document.body.dataset.csrf || "";
  if (body !== undefined) headers["content-type"] = "application/json";
  const answer = await fetch(`/api/v1${path}`, { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) });
  if (answer.status === 401) location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  const text = await answer.text();
  let value = null;
  try {
    value = text ? JSON.parse(text) : null;
  } catch {
    throw new Refused(answer.status, {});
  }
  if (!answer.ok) throw new Refused(answer.status, value || {});
  return value;
}
