/** The page below its head: the same for every trace, filled by the script. */
export const pageBody = `<section class="tools" aria-label="Steps and filters">
<div class="steps">
<button type="button" id="previous" title="Previous entry (k or Up)" aria-label="Previous entry">◀</button>
<button type="button" id="next" title="Next entry (j or Down)" aria-label="Next entry">▶</button>
<div class="track"><canvas id="map" aria-hidden="true"></canvas>
<input type="range" id="slider" min="0" max="0" value="0" aria-label="Entry"></div>
<output id="position" for="slider"></output>
<button type="button" id="failing" title="To the failing step (v)">Failing step</button>
</div>
<div class="filters">
<input type="search" id="text" placeholder="Filter: any text, or request:r9" aria-label="Filter by text"
 autocomplete="off" spellcheck="false">
<select id="actor" aria-label="Filter by actor"></select>
<span id="count" role="status"></span>
<button type="button" id="clear" title="Show everything (Escape)">Clear</button>
<button type="button" id="help" title="Keys (?)" aria-label="Keys">?</button>
<div class="types" id="types" role="group" aria-label="Filter by type"></div>
</div>
</section>
<main>
<div class="lanes" id="lanes" tabindex="0" role="listbox" aria-label="Entries, time downwards">
<div class="heads" id="heads" role="presentation"></div>
<div class="sheet" id="sheet" role="presentation"><div id="rows" role="presentation"></div>
<div id="lives" role="presentation"></div><svg id="chain" aria-hidden="true"><path></path></svg></div>
<p class="empty" id="empty" hidden>Nothing matches the filter.</p>
</div>
<aside class="detail" id="detail" aria-label="The selected entry" tabindex="-1"></aside>
</main>
<dialog id="keys"><h2>Keys</h2><dl>
<div><dt><kbd>↓</kbd> <kbd>j</kbd></dt><dd>next entry</dd></div>
<div><dt><kbd>↑</kbd> <kbd>k</kbd></dt><dd>previous entry</dd></div>
<div><dt><kbd>Page ↓</kbd> <kbd>Page ↑</kbd></dt><dd>a page on, a page back</dd></div>
<div><dt><kbd>Home</kbd> <kbd>End</kbd></dt><dd>first and last entry</dd></div>
<div><dt><kbd>c</kbd></dt><dd>to the entry's cause</dd></div>
<div><dt><kbd>e</kbd></dt><dd>to its first effect</dd></div>
<div><dt><kbd>v</kbd></dt><dd>to the failing step</dd></div>
<div><dt><kbd>n</kbd> <kbd>N</kbd></dt><dd>next and previous fault or broken invariant</dd></div>
<div><dt><kbd>r</kbd></dt><dd>only the entry's request</dd></div>
<div><dt><kbd>/</kbd></dt><dd>to the filter</dd></div>
<div><dt><kbd>Esc</kbd></dt><dd>show everything again</dd></div>
</dl><form method="dialog"><button>Close</button></form></dialog>`;
