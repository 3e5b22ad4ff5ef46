import type { Notice, Notifier } from '../domain/notice.ts';

/** How long one try may take, in milliseconds, and how many there are. */
const answerMs = 5_000;
const tries = 3;

/** Posts each notice as JSON to the site's address (a chat, a pager, a web application). Throws after three tries. */
export function createWebhook(url: string): Notifier {
  return { notify: async (notice) => await post(url, notice, tries) };
}

/** Where no address is configured: the log and the catalog say it all. */
export const silent: Notifier = { notify: async () => await Promise.resolve() };

async function post(url: string, notice: Notice, triesLeft: number): Promise<void> {
  try {
    const body = JSON.stringify({ ...notice, at: new Date().toISOString() });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(url, { method: 'POST', body, headers, signal: AbortSignal.timeout(answerMs) });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`the webhook answered ${String(response.status)}`);
  } catch (error) {
    if (triesLeft <= 1) throw error;
    await post(url, notice, triesLeft - 1);
  }
}
