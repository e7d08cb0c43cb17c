/**
 * Loads what a supervisor needs only when it serves already, and loads first then. Whoever has time does it
 * before: an agent that starts, and a standby.
 */
export async function loadRest(): Promise<void> {
  await Promise.all([
    import('../event-store/index.js'),
    import('../journal/check-sealed.js'),
    import('../supervisor/read-checkpoint.js'),
    import('./lost-search.js'),
  ]);
}
