// What was searched by, place by place of the tab's history: the way back leads to a query with its hits, files included, which no address can hold.

// Queries of which the hits are kept: each may be thousands of elements. Older ones are searched by again.
const KEPT = 10;

/** Queries by the places of the history. A reload forgets them: a place is known again only by what its address says. */
export function past() {
  const queries = new Map();
  let last = 0;
  return {
    /** The query of the place that is shown, undefined where none was kept. */
    here: () => (history.state?.since === performance.timeOrigin ? queries.get(history.state.query) : undefined),

    /** Keep a query for the place that is shown. */
    keep(query) {
      query.number ??= ++last;
      // The one that was looked at last is the last to lose its hits.
      queries.delete(query.number);
      queries.set(query.number, query);
      for (const older of [...queries.values()].slice(0, -KEPT)) older.run = null;
      history.replaceState({ since: performance.timeOrigin, query: query.number }, "");
    },
  };
}
